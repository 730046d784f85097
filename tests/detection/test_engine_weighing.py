"""What speaks for a line, and what is too little: the signs of pairs that were measured on sets of the benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from detection.engine.weighing import Signs, is_copy

FILM = Signs(
    sort="video in video", moments=13, seconds=6.0, points=200, typical=150.0, cover=0.6, share=0.7, lost=0.95, along=0.7,
    along_elsewhere=0.05, sound=0.0, shift=0.0, ratio=0.0, elsewhere=0.0, passing=0, held=6.0, steady=0.99, filled=1.0,
    hole=0.0, replaced=0.0, wandered=0, speed=1.0,
)  # fmt: skip
STANDS: dict[str, Any] = {"lost": 0.13, "ratio": 0.56, "elsewhere": 0.13, "passing": 356, "along": 0.54}

WEIGHED = [
    ({}, True, "changes alike under one map"),
    ({"moments": 4, "seconds": 1.5, "along": 0.62, "steady": 0.979}, False, "a second and a half that a camera passed alike"),
    ({"moments": 5, "seconds": 2.5, "typical": 90.0, "along": 0.77, "steady": 0.973}, False, "two seconds under a map that slips"),
    ({**STANDS, "moments": 12, "seconds": 5.0}, True, "somebody passes before a camera that stands"),
    ({**STANDS, "moments": 5, "seconds": 1.25}, False, "somebody passes alike for a moment"),
    ({**STANDS, "moments": 8, "seconds": 3.5, "along": 0.2, "ratio": 0.45}, True, "what passes and what changes, faint and for long"),
    ({**STANDS, "moments": 6, "seconds": 2.5, "along": 0.28, "speed": -0.64}, False, "somebody passes alike at another speed"),
    ({**STANDS, "moments": 6, "seconds": 1.5, "along": 0.42, "ratio": 0.39}, False, "somebody passes alike for a second and a half"),
    ({**STANDS, "moments": 6, "seconds": 3.0, "along": 0.42, "ratio": 1.07, "speed": 0.48}, False, "few moments at half the speed"),
    ({"moments": 3, "seconds": 1.0, "along": 0.78, "steady": 0.9}, False, "three moments under a map that slips"),
    ({"moments": 12, "seconds": 5.5, "along": 0.69, "steady": 0.87}, True, "a filmed screen trembles, and changes alike for long"),
    ({"moments": 12, "seconds": 3.5, "along": 0.8, "steady": 0.79, "speed": 2.0}, True, "a moving camera played twice as fast"),
    ({"moments": 6, "seconds": 2.5, "along": 0.74, "steady": 0.79, "speed": -1.2}, False, "two pans over one place"),
    ({"points": 10, "typical": 7.0, "along": 0.1, "sound": 7.5}, True, "few points, and the sound runs along for long"),
    ({"points": 10, "typical": 7.0, "along": 0.1, "sound": 7.5, "steady": 0.2}, False, "the same song under another film"),
]  # fmt: skip


@pytest.mark.parametrize(("signs", "copy", "why"), WEIGHED, ids=[row[2] for row in WEIGHED])
def test_a_film_is_weighed(signs: dict[str, Any], copy: bool, why: str) -> None:
    assert is_copy(FILM._replace(**signs)) is copy, why
