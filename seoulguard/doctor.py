"""Looks at every real part of an installation and says what it is, how it is, and what to do."""

from __future__ import annotations

import os
import shutil
import smtplib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError

from cases import asn, ocr, preferences, signing
from cases.browser import CaptureError, browser_path
from cases.models import TimeStamp
from cases.vault import VaultError
from detection.engine import MediaError, cage
from seoulguard.checks import LOOPBACK
from takedown.inbox import addresses, fetching

FREE_SHARE_WANTED = 0.10


@dataclass(frozen=True)
class Finding:
    """`state` is "good", "weak" (works, at a cost) or "bad"."""

    part: str
    state: str
    version: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    with suppress(DatabaseError):  # the look at the database tells of it
        preferences.apply()
    for look in (
        database,
        queue,
        _workers,
        _media,
        _cage,
        _browser,
        _letters,
        _networks,
        _fonts,
        _mail,
        _inbox,
        _keys,
        _signing,
        _time_stamps,
        disk,
        _clock,
    ):
        yield look()


def database() -> Finding:
    part = _("Database")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
            return Finding(part, "good", f"{connection.display_name} {cursor.fetchone()[0]}")
    except DatabaseError as error:
        return Finding(part, "bad", "", _("It does not answer: %(why)s") % {"why": error})


def queue() -> Finding:
    part = _("Queue")
    try:
        facts = Redis.from_url(settings.REDIS_URL).info("server")
        return Finding(part, "good", str(facts.get("valkey_version") or facts.get("redis_version")))
    except RedisError:
        return Finding(
            part, "bad", "", _("The queue server does not answer. Start it with ./run serve, or set REDIS_URL.")
        )


def _workers() -> Finding:
    from rq import Worker

    part = _("Workers")
    try:
        count = Worker.count(connection=Redis.from_url(settings.REDIS_URL))
    except RedisError:
        count = 0
    if count:
        return Finding(part, "good", str(count))
    return Finding(part, "bad", "0", _("No worker is running: nothing is found or sent. Start ./run serve."))


def _media() -> Finding:
    return _program(_("Media decoder"), cage.ffmpeg_binary, ["-version"], _("Without ffmpeg no video can be compared."))


def _program(part: str, find: Callable[[], str], arguments: list[str], remedy: str) -> Finding:
    try:
        path = find()
    except (CaptureError, MediaError):
        return Finding(part, "bad", "", remedy)
    said = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=20).stdout
    return Finding(part, "good", (said.splitlines() or [""])[0][:60])


def _cage() -> Finding:
    if cage.cage_available():
        return Finding(_("Cage for foreign media"), "good", cage.cage_state())
    return Finding(
        _("Cage for foreign media"),
        "weak",
        cage.cage_state(),
        _("Foreign media is decoded with limits only. Install bubblewrap."),
    )


def _browser() -> Finding:
    arguments = ["--version", "--no-sandbox"] if os.geteuid() == 0 else ["--version"]
    return _program(
        _("Browser for captures"), browser_path, arguments, _("Pages are kept without a picture. Install Chromium.")
    )


def _letters() -> Finding:
    part, languages = _("Reader of letters in pictures"), ocr.installed_languages()
    version = f"{ocr.version()} {', '.join(languages)}".strip()
    if set(languages) == set(ocr.WANTED):
        return Finding(part, "good", version)
    return Finding(
        part, "weak", version,
        _("What a page shows only as a picture stays unread. Install tesseract-ocr and tesseract-ocr-kor."),
    )  # fmt: skip


def _networks() -> Finding:
    part, trouble = _("Table of networks"), asn.table_trouble()
    if trouble:
        return Finding(part, "weak", "", _("ASN_TABLE cannot be used: %(why)s") % {"why": trouble})
    return Finding(part, "good", settings.ASN_TABLE or _("none (optional)"))


def _fonts() -> Finding:
    part, lister = _("Fonts"), shutil.which("fc-list")
    known = subprocess.run([lister], capture_output=True, text=True, check=False).stdout if lister else ""
    missing = [name for name in ("Noto Sans CJK", "Loma") if name not in known]
    if not missing:
        return Finding(part, "good", "Noto Sans CJK, Loma")
    return Finding(
        part,
        "weak",
        "",
        _("Reports will show boxes in place of letters. Install: %(names)s") % {"names": ", ".join(missing)},
    )


def _mail() -> Finding:
    part = _("Mail server")
    try:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=5) as server:
            return Finding(part, "good", server.noop()[1].decode(errors="replace")[:40])
    except OSError:
        return Finding(part, "bad", "", _("No mail server answers at EMAIL_HOST: approved letters wait."))


def _inbox() -> Finding:
    part = _("Mailbox for replies")
    if not settings.IMAP_HOST:
        return Finding(part, "weak", "", _("Replies and bounces are not read. Set IMAP_HOST (docs/inbox.md)."))
    try:
        with fetching.opened_mailbox():
            pass
    except fetching.InboxError as error:
        return Finding(part, "bad", "", error.sentence)
    if settings.IMAP_SECURITY == "none" and settings.IMAP_HOST not in LOOPBACK:
        return Finding(part, "bad", "", _("It is read without encryption. Set IMAP_SECURITY to ssl or starttls."))
    if not addresses.in_use():
        return Finding(
            part, "weak", settings.IMAP_SECURITY, _("No bounce is believed until REPLY_ADDRESS is set (docs/inbox.md).")
        )
    return Finding(part, "good", settings.IMAP_SECURITY)


def _keys() -> Finding:
    part, path = _("Vault key"), settings.VAULT_KEY_FILE
    if not path.exists():
        return Finding(
            part, "bad", "", _("Without it evidence can be neither sealed nor opened. Restore it from your key backup.")
        )
    if path.stat().st_mode & 0o077:
        return Finding(part, "weak", "", _("Other users of this machine can read it. Run chmod 400 on it."))
    return Finding(part, "good", path.read_text().partition(":")[0])


def _signing() -> Finding:
    part = _("Signing key")
    try:
        return Finding(part, "good", signing.fingerprint())
    except VaultError as error:
        return Finding(part, "bad", "", error.sentence)


def _time_stamps() -> Finding:
    part = _("Time stamps")
    try:
        waiting = TimeStamp.objects.filter(status__in=TimeStamp.OPEN).exclude(reason="").count()
    except DatabaseError as error:
        return Finding(part, "bad", "", _("It does not answer: %(why)s") % {"why": error})
    if waiting:
        return Finding(part, "weak", "", _("%(count)d wait; the reason stands with each bundle.") % {"count": waiting})
    count = len(settings.TIMESTAMP_AUTHORITIES)
    if count:
        return Finding(part, "good", str(count))
    return Finding(part, "weak", "0", _("Nobody outside confirms when proof was made. Set TIMESTAMP_AUTHORITIES."))


def disk() -> Finding:
    usage = shutil.disk_usage(settings.HOME)
    free = f"{usage.free / 1024**3:.0f} GiB"
    if usage.free / usage.total >= FREE_SHARE_WANTED:
        return Finding(_("Disk"), "good", free)
    return Finding(
        _("Disk"), "weak", free, _("Less than a tenth is free. Add space before evidence can no longer be kept.")
    )


def _clock() -> Finding:
    return Finding(_("System time"), "good", timezone.now().strftime("%Y-%m-%d %H:%M:%S UTC"))
