"""Frames for the officer's eyes: blurred and grey unless asked for, and then only for seconds."""

from __future__ import annotations

import io

from django.core import signing
from django.http import Http404
from PIL import Image, ImageFilter

from cases import capture
from cases.models import CapturePart
from detection.models import Match

SIDES = ("evidence", "found")
REVEAL_SECONDS = 10
_SALT = "takedown.frames.reveal"


def frame_count(match: Match) -> int:
    """Aligned pairs that were preserved."""
    return len(match.capture.facts.get("frames", [])) if match.capture else 0


def frame_pairs(match: Match) -> list[dict[str, float | int]]:
    """`[{"number", "found_seconds", "evidence_seconds"}]`, numbered from 1."""
    frames = match.capture.facts.get("frames", []) if match.capture else []
    return [{"number": number, **times} for number, times in enumerate(frames, start=1)]


def frame_part(match: Match, number: int, side: str) -> CapturePart:
    """The preserved frame; Http404 when there is none."""
    if side not in SIDES or not match.capture:
        raise Http404
    part = match.capture.parts.filter(name=f"frame-{number}-{side}.jpg").first()
    if part is None:
        raise Http404
    return part


def frame_jpeg(part: CapturePart, *, clear: bool) -> bytes:
    """JPEG bytes: as preserved, or blurred and grey."""
    stored = capture.read_part(part)
    return stored if clear else blurred(stored)


def blurred(jpeg: bytes) -> bytes:
    """Grey, and blurred so that shapes remain and persons do not."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        grey = picture.convert("L")
    # Shrinking first makes the strong blur cheap and leaves nothing to sharpen back.
    small = grey.resize((48, max(1, round(48 * grey.height / grey.width))), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.GaussianBlur(1.5)).resize(grey.size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    soft.save(out, "JPEG", quality=70)
    return out.getvalue()


def reveal_token(match: Match, number: int) -> str:
    """Opens one pair of frames for REVEAL_SECONDS."""
    return signing.dumps([str(match.pk), number], salt=_SALT)


def token_opens(token: str, match: Match, number: int) -> bool:
    try:
        return bool(signing.loads(token, salt=_SALT, max_age=REVEAL_SECONDS) == [str(match.pk), number])
    except signing.BadSignature:
        return False
