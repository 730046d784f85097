"""What addresses answered before: validators to ask with, and what an unchanged page said."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from cases import vault, web
from detection.watched import PageSeen

PURPOSE = "page-seen"
# A larger page is fetched again: what is kept of pages stays small.
MOST_KEPT_BYTES = 128 * 1024
MOST_UNPACKED_BYTES = web.PAGE_MAX_BYTES
KEEP = timedelta(days=14)


def key_of(url: str) -> str:
    """Fixed-width key of an address; addresses are too long for a unique index."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class KeptPage:
    """A page that can be asked for with a condition, because its text is at hand."""

    row: PageSeen
    body: bytes

    @property
    def validators(self) -> dict[str, str]:
        """Headers of a conditional request."""
        named = {"If-None-Match": self.row.etag, "If-Modified-Since": self.row.last_modified}
        return {name: value for name, value in named.items() if value}


def page(url: str) -> KeptPage | None:
    """What is kept of a page, if it can be asked for with a condition."""
    row = PageSeen.objects.filter(key=key_of(url)).exclude(body_sealed=None).first()
    if row is None:
        return None
    try:
        body = zlib.decompressobj().decompress(
            vault.open_for_installation(bytes(row.body_sealed or b""), PURPOSE), MOST_UNPACKED_BYTES
        )
    except (vault.VaultError, zlib.error):
        # A key that was changed, or a spoiled row: the page is simply fetched whole again.
        return None
    return KeptPage(row, body)


def confirmed(kept: KeptPage, answer: web.Fetched) -> web.Fetched:
    """The page as it was, after the site said that it is unchanged (304)."""
    PageSeen.objects.filter(pk=kept.row.pk).update(confirmed_at=timezone.now())
    media_type, charset = web.content_type(kept.row.content_type)
    return replace(
        answer, status=200, body=kept.body, size=len(kept.body), sha256=kept.row.digest.partition(":")[2],
        media_type=media_type, charset=charset, headers={**answer.headers, "content-type": kept.row.content_type},
    )  # fmt: skip


def keep_page(url: str, answer: web.Fetched) -> None:
    """Keep a page that named a validator; forget one that changed and cannot be kept."""
    validators = validators_of(answer)
    packed = zlib.compress(answer.body, 6) if answer.status == 200 and any(validators.values()) else b""
    if not packed or len(packed) > MOST_KEPT_BYTES:
        PageSeen.objects.filter(key=key_of(url)).update(body_sealed=None)
        return
    try:
        sealed = vault.seal_for_installation(packed, PURPOSE)
    except vault.VaultError:
        # Without the key nothing is kept, and the page is fetched whole next time.
        return
    said = answer.headers.get("content-type", "")[:200]
    if answer.charset and "charset" not in said:
        said = f"{said}; charset={answer.charset}"[:200]
    _save(url, answer, body_sealed=sealed, content_type=said, digest=f"sha256:{answer.sha256}")


def medium(url: str, since: datetime) -> PageSeen | None:
    """What is known of a medium's address that was fetched whole after `since`."""
    row = PageSeen.objects.filter(key=key_of(url), fetched_at__gt=since).exclude(first_digest="").first()
    return row if row and (row.etag or row.last_modified) else None


def keep_medium(url: str, answer: web.Fetched, digest: str, first_digest: str, size: int) -> None:
    _save(url, answer, size, digest=digest, first_digest=first_digest)


def validators_of(answer: web.Fetched) -> dict[str, str]:
    """What the answer can be recognised by later; one that is too long to be kept is none."""
    etag, last_modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return {
        "etag": etag if len(etag) <= 300 else "",
        "last_modified": last_modified if len(last_modified) <= 100 else "",
    }


def _save(url: str, answer: web.Fetched, size: int | None = None, **fields: object) -> None:
    now = timezone.now()
    values = {**validators_of(answer), "size": answer.size if size is None else size, **fields}
    PageSeen.objects.update_or_create(key=key_of(url), defaults={**values, "fetched_at": now, "confirmed_at": now})


def forget(at: datetime) -> None:
    """Drop what no site has confirmed for two weeks."""
    PageSeen.objects.filter(confirmed_at__lt=at - KEEP).delete()
