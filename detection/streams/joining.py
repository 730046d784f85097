"""Fetches the pieces of a stream through the one door and joins them in memory, within caps."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django.utils.translation import gettext as _

from cases import web
from cases.web import FetchError, Sink
from detection.streams import dash, hls
from detection.streams.plan import MANIFEST_MAX_BYTES, MOST_PIECES, Piece, Plan, unreadable

PIECE_MAX_BYTES = 64 * 1024 * 1024
DEADLINE_SECONDS = 300.0
NESTED = 2
# One piece in ten may be gone before what is left tells too little.
MISSING_SHARE = 0.1


@dataclass(frozen=True)
class Joined:
    """`digest` is "sha256:…" and `size` the bytes of the joined file; `note` says what is not in it."""

    digest: str
    size: int
    media_type: str
    note: str


@dataclass
class _Errand:
    """What is fetched for one stream, and how much of it is left to fetch."""

    sink: Sink
    max_bytes: int
    deadline: float
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    size: int = 0
    keys: dict[str, bytes] = field(default_factory=dict)
    whole: dict[str, bytes] = field(default_factory=dict)

    @property
    def left_seconds(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def room(self) -> int:
        return self.max_bytes - self.size

    def take(self, content: bytes) -> None:
        self.sink.write(content)
        self.digest.update(content)
        self.size += len(content)


def is_manifest(head: bytes) -> bool:
    """Whether a file that begins like this is a list of pieces."""
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    return start.startswith(b"#EXTM3U") or (start.startswith(b"<") and b"<MPD" in head[:4096])


def join(manifest: bytes, url: str, sink: Sink, *, max_bytes: int, seconds: float = DEADLINE_SECONDS) -> Joined:
    """The video that a manifest found at `url` describes, written into `sink`.

    Stops at `max_bytes`, at MOST_PIECES and after `seconds`, and says so in the note. Raises FetchError when there is
    nothing to join, when the first pieces fail, or when too many do.
    """
    errand = _Errand(sink, max_bytes, time.monotonic() + seconds)
    plan = _plan(manifest, url, errand)
    if len(plan.pieces) == 1 and not plan.pieces[0].key_url and plan.pieces[0].last is None:
        return _straight(plan, errand)
    lost, cut = 0, len(plan.pieces) > MOST_PIECES
    for number, piece in enumerate(plan.pieces[:MOST_PIECES]):
        if errand.room <= 0 or errand.left_seconds <= 0:
            cut = True
            break
        try:
            errand.take(_content(piece, errand))
        except FetchError as error:
            if error.reason_code == "too_large" and number:
                cut = True
                break
            lost += 1
            if number < 2 or lost > MISSING_SHARE * len(plan.pieces):
                raise
    return Joined(f"sha256:{errand.digest.hexdigest()}", errand.size, plan.media_type, _note(plan, lost, cut))


def _straight(plan: Plan, errand: _Errand) -> Joined:
    """A manifest that names one whole file: streamed, because it may be large."""
    seconds = max(0.1, errand.left_seconds)
    answer = web.download(plan.pieces[0].url, errand.sink, max_bytes=errand.max_bytes, deadline_seconds=seconds)
    _refuse_errors(answer)
    return Joined(f"sha256:{answer.sha256}", answer.size, answer.media_type or plan.media_type, plan.note)


def _note(plan: Plan, lost: int, cut: bool) -> str:
    said = [plan.note] if plan.note else []
    if cut:
        said.append(_("Only the first part of the video was fetched; it is larger than allowed."))
    if lost:
        said.append(
            _("%(count)d of %(all)d pieces of the video did not come.") % {"count": lost, "all": len(plan.pieces)}
        )
    return " ".join(said)


def _plan(manifest: bytes, url: str, errand: _Errand) -> Plan:
    for _level in range(NESTED + 1):
        if len(manifest) > MANIFEST_MAX_BYTES:
            raise FetchError("too_large", _("What the site sends is larger than allowed."), permanent=True)
        if not manifest.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"#EXTM3U"):
            return dash.plan_of(manifest, url)
        text = manifest.decode("utf-8", "replace").lstrip("\ufeff")
        following = hls.variant_of(text, url)
        if not following:
            return hls.plan_of(text, url)
        answer = _ask(following, errand, MANIFEST_MAX_BYTES, {})
        manifest, url = answer.body, answer.final_url
    raise unreadable(_("The video's list of pieces leads to ever more lists."))


def _content(piece: Piece, errand: _Errand) -> bytes:
    content = _bytes_of(piece, errand)
    if not piece.key_url:
        return content
    if piece.key_url not in errand.keys:
        errand.keys[piece.key_url] = _ask(piece.key_url, errand, 1024, {}).body
    return _opened(content, errand.keys[piece.key_url], piece.vector)


def _bytes_of(piece: Piece, errand: _Errand) -> bytes:
    """The piece's bytes. A site that answers a range with the whole file is asked for that file once."""
    most = min(PIECE_MAX_BYTES, max(1, errand.room))
    if piece.first is None or piece.last is None:
        return _ask(piece.url, errand, most, {}).body
    if piece.url not in errand.whole:
        answer = _ask(piece.url, errand, most, {"Range": f"bytes={piece.first}-{piece.last}"})
        if answer.status == 206:
            return answer.body
        errand.whole = {piece.url: answer.body}
    return errand.whole[piece.url][piece.first : piece.last + 1]


def _ask(url: str, errand: _Errand, max_bytes: int, headers: Mapping[str, str]) -> web.Fetched:
    seconds = max(0.1, errand.left_seconds)
    answer = web.fetch(url, max_bytes=max_bytes, deadline_seconds=seconds, headers=headers)
    _refuse_errors(answer)
    return answer


def _refuse_errors(answer: web.Fetched) -> None:
    if answer.status >= 400:
        sentence = _("The site answered %(status)d.") % {"status": answer.status}
        raise FetchError("answered", sentence, permanent=answer.status in (401, 403, 404, 410))


def _opened(content: bytes, key: bytes, vector: bytes) -> bytes:
    """AES-128 in CBC mode with PKCS7 padding (RFC 8216, 4.3.2.4)."""
    try:
        cipher = Cipher(algorithms.AES128(key), modes.CBC(vector)).decryptor()
        padded = cipher.update(content) + cipher.finalize()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise unreadable(_("The video's pieces do not open with its key.")) from error
