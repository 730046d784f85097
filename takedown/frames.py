"""Frames for the officer's eyes: blurred and grey unless asked for, and then only for seconds."""

from __future__ import annotations

import io
from typing import Any

from django.core import signing
from django.http import Http404
from PIL import Image, ImageFilter

from cases import capture
from cases.models import CapturePart, User
from cases.vault import VaultError
from detection.models import Match

SIDES = ("evidence", "found")
REVEAL_SECONDS = 10
_SALT = "takedown.frames.reveal"


def frame_count(match: Match) -> int:
    """Aligned pairs that were preserved."""
    return len(match.capture.facts.get("frames", [])) if match.capture else 0


def frame_pairs(match: Match) -> list[dict[str, Any]]:
    """`[{"number", "found_seconds", "evidence_seconds", "sides"}]`, numbered from 1; `sides` are those preserved."""
    frames = match.capture.facts.get("frames", []) if match.capture else []
    return [
        {"number": number, **times, "sides": kept_sides(match, number)} for number, times in enumerate(frames, start=1)
    ]


def kept_sides(match: Match, number: int) -> list[str]:
    """Of this pair. A medium that was gone before it was captured leaves only the evidence's side."""
    if not match.capture:
        return []
    names = {f"frame-{number}-{side}.jpg": side for side in SIDES}
    kept = set(match.capture.parts.filter(name__in=names).values_list("name", flat=True))
    return [side for name, side in names.items() if name in kept]


def frame_part(match: Match, number: int, side: str) -> CapturePart:
    """The preserved frame; Http404 when there is none."""
    if side not in SIDES or not match.capture:
        raise Http404
    part = match.capture.parts.filter(name=f"frame-{number}-{side}.jpg").first()
    if part is None:
        raise Http404
    return part


def frame_jpeg(part: CapturePart, *, clear: bool) -> bytes:
    """JPEG bytes: as preserved, or blurred and grey; Http404 when its seal does not open."""
    try:
        stored = capture.read_part(part)
    except VaultError as error:
        raise Http404(error.sentence) from error
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


def reveal_token(match: Match, number: int, officer: User) -> str:
    """Opens one pair of frames for REVEAL_SECONDS, for the officer whose look was counted."""
    return signing.dumps([str(match.pk), number, officer.pk], salt=_SALT)


def token_opens(token: str, match: Match, number: int, officer: User) -> bool:
    try:
        opened = signing.loads(token, salt=_SALT, max_age=REVEAL_SECONDS)
        return bool(opened == [str(match.pk), number, officer.pk])
    except signing.BadSignature:
        return False
