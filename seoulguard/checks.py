"""Deployment checks of our own: what a demo allows must not reach a centre."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from detection.engine import cage

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@register(Tags.security, deploy=True)
def no_loopback_allowance(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEMO_HOSTS or settings.DEMO_LOOPBACK_HOSTS:
        return [
            Error(
                "DEMO_HOSTS and DEMO_LOOPBACK_HOSTS let pages reach this machine.",
                hint="Unset them.",
                id="seoulguard.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def vault_key_present(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.VAULT_KEY_FILE.exists():
        return []
    return [
        Error(
            "The vault key is missing; evidence can be neither sealed nor opened.",
            hint="See README, Keys.",
            id="seoulguard.E002",
        )
    ]


@register(Tags.security, deploy=True)
def cage_active(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if cage.cage_available():
        return []
    return [Error("Foreign media would be decoded outside the cage.", hint="Install bubblewrap.", id="seoulguard.E003")]


@register(Tags.security, deploy=True)
def mailbox_is_read_encrypted(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.IMAP_HOST or settings.IMAP_SECURITY != "none" or settings.IMAP_HOST in LOOPBACK:
        return []
    return [
        Error(
            "Replies would be read without encryption.",
            hint="Set IMAP_SECURITY to ssl or starttls.",
            id="seoulguard.E010",
        )
    ]
