"""The evidence bundle: one ZIP with everything about one capture, signed, and what it takes to check it.

    report-ko.pdf, report-en.pdf …     for people
    capture/…                          each sealed part as it was captured, and the list made at that time
    stamps/…                           time-stamp tokens over that list, and the authorities' certificates
    custody.jsonl                      the case's chain of custody up to this very export
    README.txt verify_bundle.py verify.html
    manifest.json manifest.sig         name, size and digest of all of it, signed by the installation's key

Why no forged bundle passes: see docs/evidence.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, BinaryIO

from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody, signing, vault
from cases.archive import Archive, BundleError
from cases.bundle_kit import verify_bundle
from cases.manifest import seal_manifest
from cases.models import Capture, CapturePart, CustodyEntry, TimeStamp
from cases.parts import read_part

__all__ = ["Bundle", "BundleError", "begin", "write"]
KIT = Path(__file__).resolve().parent / "bundle_kit"
UNPINNED = 'PINNED_KEY = ""\n'


@dataclass(frozen=True)
class Bundle:
    """One export, put on record: what the report may already say of the bundle it will lie in."""

    capture: Capture
    listed: CapturePart
    stamps: list[TimeStamp]
    export: CustodyEntry
    fingerprint: str = field(default_factory=signing.fingerprint)

    @property
    def custody_head(self) -> str:
        return self.export.digest


def begin(capture: Capture, *, actor: str, reason: str, recipient: str = "", match: str = "") -> Bundle:
    """Seal the list of parts if need be, and record that a bundle leaves, why, and under which key it is signed.

    The record comes first: a bundle that failed afterwards was not handed out, one that left is never unrecorded.
    Raises BundleError or VaultError.
    """
    if capture.status != Capture.Status.COMPLETE:
        raise BundleError(capture.reason or capture.get_status_display())
    if custody.verify_chain(capture.case):
        raise BundleError(_("The chain of custody does not check out. No bundle is made before this is explained."))
    fingerprint = signing.fingerprint()
    listed = seal_manifest(capture)
    told = {"recipient": recipient} if recipient else {}
    export = custody.record(
        capture.case, "downloaded", actor=actor, subject=f"capture:{capture.pk}", what="bundle", reason=reason,
        key=fingerprint, listed=listed.digest, match=match, **told,
    )  # fmt: skip
    stamps = list(TimeStamp.objects.filter(capture=capture, digest=listed.digest))
    return Bundle(capture, listed, stamps, export, fingerprint)


def write(bundle: Bundle, file: BinaryIO, *, reports: Mapping[str, bytes], made_by: Mapping[str, str]) -> None:
    """The whole ZIP into a seekable file. `reports`: PDF by language code. Raises BundleError or VaultError."""
    archive = Archive(file)
    members = list(_write_members(archive, bundle, reports))
    manifest = _manifest(bundle, members, made_by)
    signature = signing.sign(f"{verify_bundle.FORMAT}\n".encode() + manifest)
    archive.add(verify_bundle.MANIFEST, [manifest])
    archive.add(verify_bundle.SIGNATURE, [_signature_text(signature)])
    archive.close()


# --- members -----------------------------------------------------------------------------------------------------
def _write_members(archive: Archive, bundle: Bundle, reports: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """Their rows in the signed list, in the order of the file."""
    for name, content, what in _written_here(bundle, reports):
        yield {**archive.add(name, [content])._asdict(), "what": what}
    for part in _listed_parts(bundle):
        member = archive.add(verify_bundle.PARTS + part.name, vault.open_stream(bundle.capture.case, part.pk))
        if member.digest != part.digest:
            raise vault.broken_seal()
        yield {**member._asdict(), "what": "part", "how": part.how, "media_type": part.media_type}


def _listed_parts(bundle: Bundle) -> list[CapturePart]:
    """The list and what it names; a part that came in the meantime belongs to the next bundle."""
    named = {row["name"] for row in json.loads(read_part(bundle.listed))["parts"]}
    return [part for part in bundle.capture.parts.order_by("name") if part.name in named or part == bundle.listed]


def _written_here(bundle: Bundle, reports: Mapping[str, bytes]) -> Iterator[tuple[str, bytes, str]]:
    yield "README.txt", _readme(bundle), "explanation"
    for language, pdf in reports.items():
        yield f"report-{language}.pdf", pdf, "report"
    yield verify_bundle.CUSTODY, _custody_lines(bundle), "custody"
    for number, stamp in enumerate(bundle.stamps, start=1):
        if stamp.status == TimeStamp.Status.MADE:
            yield f"stamps/{number}.tsr", bytes(stamp.token), "time_stamp"
            yield f"stamps/{number}-authority.pem", stamp.certificate.encode(), "certificate"
    yield "verify_bundle.py", _verifier(bundle.fingerprint), "verifier"
    yield "verify.html", _verifier_page(bundle.fingerprint), "verifier"


def _custody_lines(bundle: Bundle) -> bytes:
    """Each entry as its digest and the very text the digest was made over, up to this export."""
    entries = CustodyEntry.objects.filter(case=bundle.capture.case, sequence__lte=bundle.export.sequence)
    lines = (f"{entry.digest} {custody.canonical_text(entry)}\n" for entry in entries.order_by("sequence"))
    return "".join(lines).encode()


def _verifier(fingerprint: str) -> bytes:
    """The stand-alone verifier, which knows the key of the centre that made the bundle."""
    text = (KIT / "verify_bundle.py").read_text(encoding="utf-8")
    before, line, after = text.partition(UNPINNED)
    if not line:
        raise BundleError("The verifier has no place for the fingerprint.")
    return f'{before}PINNED_KEY = "{fingerprint}"\n{after}'.encode()


def _verifier_page(fingerprint: str) -> bytes:
    text = (KIT / "verify.html").read_text(encoding="utf-8")
    text = text.replace('name="pinned-key" content=""', f'name="pinned-key" content="{fingerprint}"')
    for tag in ("style", "script"):
        # Only this very script and style may run: the page's own policy names their digests.
        within = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = hashlib.sha256(within[1].encode() if within else b"").digest()
        text = text.replace(f"sha256-{tag.upper()}", f"sha256-{base64.b64encode(digest).decode()}", 1)
    return text.encode()


def _readme(bundle: Bundle) -> bytes:
    text = (KIT / "README.txt").read_text(encoding="utf-8")
    return text.replace("FINGERPRINT", bundle.fingerprint).replace("LISTED", bundle.listed.name).encode()


# --- the signed list ---------------------------------------------------------------------------------------------
def _manifest(bundle: Bundle, members: list[dict[str, Any]], made_by: Mapping[str, str]) -> bytes:
    capture = bundle.capture
    content = {
        "format": verify_bundle.FORMAT,
        "made_at": timezone.now().astimezone(UTC).isoformat(timespec="seconds"),
        "made_by": dict(made_by),
        "case": capture.case.number,
        "capture": str(capture.pk),
        "key": bundle.fingerprint,
        "capture_manifest": {"name": verify_bundle.PARTS + bundle.listed.name, "digest": bundle.listed.digest},
        "custody": {"entries": bundle.export.sequence, "head": bundle.custody_head},
        "time_stamps": [_stamp_row(number, stamp) for number, stamp in enumerate(bundle.stamps, start=1)],
        "members": members,
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _stamp_row(number: int, stamp: TimeStamp) -> dict[str, Any]:
    if stamp.status != TimeStamp.Status.MADE or stamp.made_at is None:
        return {"authority": stamp.authority, "status": stamp.status, "note": "not yet stamped", "why": stamp.reason}
    at = stamp.made_at.astimezone(UTC).isoformat(timespec="seconds")
    return {"authority": stamp.authority, "status": stamp.status, "made_at": at, "token": f"stamps/{number}.tsr"}


def _signature_text(signature: bytes) -> bytes:
    return f"seoulguard-signature/1\nkey {signing.public_key().hex()}\nsignature {signature.hex()}\n".encode()
