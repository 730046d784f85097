"""Clips made once a run, and evidence that was really sealed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cases import vault
from cases.models import Case, Evidence
from tests import clips

_kept = TemporaryDirectory(prefix="sg-clips-")


def _folder() -> Path:
    return Path(_kept.name)


@cache
def original() -> bytes:
    """The clip that is registered."""
    return clips.make_clip(_folder() / "original.mp4", "astronaut", "right", seconds=3).read_bytes()


@cache
def copy(kind: str = "hflip+crop") -> bytes:
    """An edited copy of the original."""
    original()
    return clips.edit(_folder() / "original.mp4", _folder() / "copy.mp4", kind).read_bytes()


@cache
def stranger() -> bytes:
    """A clip of something else."""
    return clips.make_clip(_folder() / "stranger.mp4", "coffee", "left").read_bytes()


def hand_in(case: Case, content: bytes, kind: str = Evidence.Kind.VIDEO) -> Evidence:
    """Evidence as the intake leaves it: sealed, received."""
    evidence = Evidence(case=case, kind=kind)
    with vault.SealedWriter(case, evidence.pk) as writer:
        writer.write(content)
        sealed = writer.close()
    evidence.digest, evidence.size = sealed.digest, sealed.size
    evidence.save()
    return evidence


def hand_in_address(case: Case, url: str) -> Evidence:
    return Evidence.objects.create(case=case, kind=Evidence.Kind.URL, url_sealed=vault.seal_text(case, "url", url))
