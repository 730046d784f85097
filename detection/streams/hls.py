"""HLS playlists (RFC 8216): the rendition that is taken, and its segments with their keys."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urljoin

import m3u8
from django.utils.translation import gettext as _

from detection.streams.plan import Piece, Plan, Rendition, best_of, unreadable

Ranged = tuple[int | None, int | None]


def variant_of(text: str, url: str) -> str:
    """The playlist to read next when this one only names others; an empty string when it has segments itself."""
    playlist = _read(text, url)
    if not playlist.is_variant:
        return ""
    named = [
        Rendition(urljoin(url, one.uri), _height(one), int(one.stream_info.bandwidth or 0))
        for one in playlist.playlists
        if one.uri
    ]
    if not named:
        raise unreadable(_("The video's list of pieces names none."))
    return best_of(named).address


def plan_of(text: str, url: str) -> Plan:
    """The segments of a media playlist. Raises FetchError `bad_manifest` or `protected`."""
    playlist = _read(text, url)
    segments = [one for one in playlist.segments if one.uri]
    if not segments:
        raise unreadable(_("The video's list of pieces names none."))
    # Advertisements between have an initialisation of their own; the longest stretch is the video.
    opening = Counter(_opening(one, url) for one in segments).most_common(1)[0][0]
    pieces, ends = [opening] if opening else [], dict[str, int]()
    for number, segment in enumerate(segments):
        piece = _piece(segment, url, int(playlist.media_sequence or 0) + number, ends)
        if _opening(segment, url) == opening:
            pieces.append(piece)
    note = "" if playlist.is_endlist else _("The video was still being sent; what it had so far was examined.")
    return Plan(tuple(pieces), "video/mp4" if opening else "video/mp2t", note)


def _read(text: str, url: str) -> m3u8.M3U8:
    try:
        return m3u8.loads(text, uri=url)
    except Exception as error:  # the parser says ValueError, AttributeError, KeyError … about foreign text
        raise unreadable(_("The video's list of pieces cannot be read.")) from error


def _height(playlist: m3u8.Playlist) -> int:
    size = playlist.stream_info.resolution
    return int(size[1]) if size else 0


def _opening(segment: m3u8.Segment, url: str) -> Piece | None:
    section = segment.init_section
    if section is None or not section.uri:
        return None
    first, last = _span(section.byterange, 0)
    return Piece(urljoin(url, section.uri), first, last)


def _piece(segment: m3u8.Segment, url: str, sequence: int, ends: dict[str, int]) -> Piece:
    address = urljoin(url, segment.uri)
    first, last = _span(segment.byterange, ends.get(address, 0))
    if last is not None:
        ends[address] = last + 1
    key = segment.key
    if key is None or not key.method or key.method == "NONE":
        return Piece(address, first, last)
    if key.method != "AES-128" or not key.uri or (key.keyformat or "identity") != "identity":
        raise unreadable(_("The video is protected against copying and cannot be read."))
    return Piece(address, first, last, urljoin(url, key.uri), _vector(key.iv, sequence))


def _vector(written: str | None, sequence: int) -> bytes:
    """The 16 bytes the cipher begins with: named, or the number of the segment (RFC 8216, 5.2)."""
    try:
        return int(written, 16).to_bytes(16, "big") if written else sequence.to_bytes(16, "big")
    except (ValueError, OverflowError) as error:
        raise unreadable(_("The video's list of pieces cannot be read.")) from error


def _span(written: str | None, following: int) -> Ranged:
    """First and last byte of "length@first"; without a first it goes on where the one before ended."""
    if not written:
        return None, None
    length, _at, first = str(written).partition("@")
    try:
        start, size = int(first) if first else following, int(length)
    except ValueError as error:
        raise unreadable(_("The video's list of pieces cannot be read.")) from error
    return start, start + size - 1
