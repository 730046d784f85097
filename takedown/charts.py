"""Server-made SVG: the offset graph shows how the copy lies over the original. It prints in the PDF too."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from detection.models import Match

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 56, 34


def alignment_svg(match: Match) -> SafeString:
    """Time in the found medium (x, seconds) against time in the evidence (y, seconds), one line per segment."""
    segments = match.segments
    x_end = max([segment["candidate_end"] for segment in segments], default=1.0) or 1.0
    y_end = max([segment["reference_end"] for segment in segments], default=1.0) or 1.0

    def x(seconds: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 10) * seconds / x_end, 1)

    def y(seconds: float) -> float:
        return round((HEIGHT - BOTTOM) - (HEIGHT - BOTTOM - 10) * seconds / y_end, 1)

    lines = [
        {
            "x1": x(segment["candidate_start"]), "y1": y(segment["reference_start"]),
            "x2": x(segment["candidate_end"]), "y2": y(segment["reference_end"]),
        }
        for segment in segments
    ]  # fmt: skip
    context = {
        "lines": lines, "width": WIDTH, "height": HEIGHT, "left": LEFT, "floor": HEIGHT - BOTTOM, "right": WIDTH - 10,
        "x_end": f"{x_end:.1f}", "y_end": f"{y_end:.1f}",
        "label": _("Time in the found copy against time in the evidence"),
    }  # fmt: skip
    return SafeString(render_to_string("takedown/partials/alignment.svg", context))
