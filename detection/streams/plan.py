"""What a manifest asks for, in order: the pieces of one video, before any of them is fetched."""

from __future__ import annotations

from dataclasses import dataclass

from cases.web import FetchError

MANIFEST_MAX_BYTES = 2 * 1024 * 1024
MOST_PIECES = 3000
# What recognition needs. Larger renditions cost bytes and tell it nothing more.
ENOUGH_HEIGHT = 720


@dataclass(frozen=True)
class Piece:
    """One segment, or the initialisation before them. `first` and `last` are bytes of the file, both included."""

    url: str
    first: int | None = None
    last: int | None = None
    key_url: str = ""
    vector: bytes = b""


@dataclass(frozen=True)
class Plan:
    """Pieces that make one file when joined. `note` says in a sentence what of the stream they leave out."""

    pieces: tuple[Piece, ...]
    media_type: str
    note: str = ""


@dataclass(frozen=True)
class Rendition:
    """One of several forms of the same video."""

    address: str
    height: int
    bandwidth: int


def best_of(renditions: list[Rendition]) -> Rendition:
    """The largest that is no taller than ENOUGH_HEIGHT, else the smallest."""
    enough = [one for one in renditions if one.height <= ENOUGH_HEIGHT]
    if enough:
        return max(enough, key=lambda one: (one.height, one.bandwidth))
    return min(renditions, key=lambda one: (one.height, one.bandwidth))


def unreadable(sentence: str) -> FetchError:
    return FetchError("bad_manifest", sentence, permanent=True)
