"""Trials of the machine's own parts: cage, browser, time stamps, registries, keys, database, queue, disk."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image

from cases import browser_start, signing, stamps, vault
from cases.browser import CaptureError
from cases.vault import VaultError
from cases.web import FetchError
from detection.engine import MediaError, cage, frames, learned
from seoulguard import doctor
from seoulguard.trial_failed import TrialFailed
from takedown.directory.errands import Errands, SourceTrouble
from takedown.directory.sources import rdap

CLIP_FRAMES, CLIP_SIZE = 10, (96, 64)
DOMAIN = "example.com"  # kept free for examples (RFC 2606), and in every registry


def decode() -> str:
    """A clip of one second, made here, goes the way foreign media go."""
    try:
        with cage.open_media(_clip()) as media:
            about = frames.probe(media)
            pictures, _times = frames.all_frames(media, about, rate=4.0, most=8, size=CLIP_SIZE)
    except MediaError as error:
        raise TrialFailed(_("A clip made here could not be decoded: %(why)s") % {"why": error.sentence}) from error
    said = _("A clip of one second, made here, was decoded: %(count)d pictures. The cage: %(state)s.")
    said %= {"count": len(pictures), "state": cage.cage_state()}
    if not cage.cage_available():
        raise TrialFailed(said + " " + _("Foreign media is decoded with limits only. Install bubblewrap."))
    return said


def _clip() -> bytes:
    pictures = [Image.new("L", CLIP_SIZE, 20 * number + 30) for number in range(CLIP_FRAMES)]
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=1000 // CLIP_FRAMES, loop=0)
    return out.getvalue()


def browser() -> str:
    try:
        version, kept = browser_start.start()
    except CaptureError as error:
        raise TrialFailed(error.sentence) from error
    if not kept:
        raise TrialFailed(_("%(version)s starts, but a page in it can reach this machine.") % {"version": version})
    return _("%(version)s starts, opens an empty page, and cannot reach this machine.") % {"version": version}


def time_stamps() -> str:
    """One token from each authority. All are asked; one that fails makes the trial fail."""
    if not settings.TIMESTAMP_AUTHORITIES:
        return _("No authority is set: nobody outside confirms when proof was made.")
    answers = [_stamp(address) for address, _file in settings.TIMESTAMP_AUTHORITIES]
    said = "\n".join(sentence for _good, sentence in answers)
    if not all(good for good, _sentence in answers):
        raise TrialFailed(said)
    return said


def _stamp(address: str) -> tuple[bool, str]:
    try:
        at = stamps.try_out(address)
    except FetchError as error:
        return False, f"{address}: {error.sentence}"
    except stamps.StampError as error:
        return False, f"{address}: {error}"
    said = _("%(address)s: a token over random bytes checks out; it says %(at)s.")
    return True, said % {"address": address, "at": f"{at:%Y-%m-%d %H:%M:%S} UTC"}


def registry() -> str:
    """Asks for one public domain, at the pace and through the door of every other request."""
    try:
        found = rdap.of_domain(DOMAIN, Errands(requests=2, seconds=20))
    except (FetchError, SourceTrouble) as error:
        raise TrialFailed(_("%(domain)s was asked for: %(why)s") % {"domain": DOMAIN, "why": error.sentence}) from error
    said = _("%(domain)s was asked for and answered; addresses for abuse in the answer: %(count)d.")
    return said % {"domain": DOMAIN, "count": len(found)}


def vault_key() -> str:
    sample = secrets.token_bytes(32)
    try:
        sealed = vault.seal_for_installation(sample, "trial")
        opened = vault.open_for_installation(sealed, "trial")
    except VaultError as error:
        raise TrialFailed(error.sentence) from error
    if opened != sample or sample in sealed:
        raise TrialFailed(_("What was sealed is not what came out of the vault."))
    return _("Random bytes were sealed and opened again.")


def signing_key() -> str:
    sample = secrets.token_bytes(32)
    try:
        Ed25519PublicKey.from_public_bytes(signing.public_key()).verify(signing.sign(sample), sample)
        said = _("Random bytes were signed, and the signature checks out. Fingerprint: %(fingerprint)s")
        return said % {"fingerprint": signing.fingerprint()}
    except VaultError as error:
        raise TrialFailed(error.sentence) from error
    except (InvalidSignature, ValueError) as error:
        raise TrialFailed(_("Random bytes were signed, but the signature does not check out.")) from error


def model() -> str:
    if not settings.RECOGNITION_MODEL:
        return _("No model is named: files are compared without one.")
    try:
        loaded = learned.load(settings.RECOGNITION_MODEL)
    except learned.ModelError as error:
        raise TrialFailed(error.sentence) from error
    return _("The model was loaded and tried on a picture: %(name)s.") % {"name": loaded.model if loaded else "–"}


def files() -> str:
    """Whether what lies on the disk is ours to write, and the key ours to read."""
    folders = [path for path in (settings.HOME, settings.EVIDENCE_ROOT) if path == settings.HOME or path.exists()]
    barred = [str(path) for path in folders if not os.access(path, os.W_OK)]
    if not os.access(settings.VAULT_KEY_FILE, os.R_OK):
        barred.append(str(settings.VAULT_KEY_FILE))
    if barred:
        raise TrialFailed(_("Missing, or not ours to use: %(names)s.") % {"names": ", ".join(barred)})
    free = shutil.disk_usage(settings.HOME).free // 1024**3
    return _("Everything is there. %(count)d GiB are free.") % {"count": free}


def _look(look: Callable[[], doctor.Finding]) -> Callable[[], str]:
    """What the page of health says of this part."""

    def tried() -> str:
        found = look()
        said = " ".join(filter(None, [found.part + ":", found.version, found.remedy]))
        if found.state == "bad":
            raise TrialFailed(said)
        return said

    return tried


MACHINE_TRIALS: dict[str, Callable[[], str]] = {
    "cage": decode, "browser": browser, "stamps": time_stamps, "rdap": registry, "vault": vault_key, "model": model, "files": files,
    "signing": signing_key, "database": _look(doctor.database), "queue": _look(doctor.queue), "disk": _look(doctor.disk),
}  # fmt: skip
