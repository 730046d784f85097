"""A captured match whose bundle can be made: small harmless parts of every kind, a chain, a blurred picture."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from PIL import Image

from cases import custody
from cases.models import Capture, Case
from cases.parts import add_json, add_part
from detection.models import Match
from takedown import bundles
from tests.takedown import scene

REASON = "Seoul police, file 2026-117"


def picture(height: int = 700) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1280, height), "#cfd8dc").save(out, "PNG")
    return out.getvalue()


def make_captured(case: Case) -> Match:
    """A match with its capture, its parts, and what the chain says of both."""
    now = timezone.now()
    capture = Capture.objects.create(
        case=case, url="https://tube.example/watch/1", final_url="https://tube.example/watch/1", http_status=200,
        status=Capture.Status.COMPLETE, method=Capture.Method.BROWSER, started_at=now - timedelta(seconds=4),
        captured_at=now, facts={"peer_address": "203.0.113.9", "browser_version": "Chrome/140"},
    )  # fmt: skip
    custody.record(case, "received", actor="victim", subject=f"case:{case.pk}")
    match = scene.make_match(case, capture=capture)
    custody.record(case, "matched", actor="job", subject=f"match:{match.pk}", score=0.97)
    add_part(capture, "screenshot_blurred.png", picture(), "image/png", "browser")
    add_part(capture, "page.html", "<p>페이지</p>".encode(), "text/html", "browser")
    add_part(capture, "media", bytes(range(256)) * 40, "video/mp4", "http")
    add_part(capture, "empty.txt", b"", "text/plain", "http")
    add_json(capture, "headers.json", {"status": 200, "headers": {"server": "nginx"}}, "browser")
    parts = {part.name: part.digest for part in capture.parts.all()}
    custody.record(case, "captured", actor="job", subject=f"capture:{capture.pk}", parts=parts)
    if case.officer:
        custody.record(case, "viewed", actor=f"officer:{case.officer.pk}", subject=f"case:{case.pk}")
    return match


def make_bundle(match: Match, path: Path) -> Path:
    with path.open("w+b") as file:
        bundles.export(match, file, actor=f"officer:{match.case.officer_id}", reason=REASON)
    return path
