"""A centre of its own for one measurement: a temporary home, an empty SQLite database, one case with registered evidence."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from seoulguard.prepare import prepare

if TYPE_CHECKING:
    from cases.models import Case, Evidence


def open_house(home: Path, hosts: dict[str, str]) -> None:
    """Set the environment, start Django and make the tables. Once a process, before any model is imported.

    `hosts` are the sites: name → "127.0.0.1:port". The pace between two requests to a host is switched off, so that
    the cost is measured and not the politeness.
    """
    prepare(home)
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "seoulguard.settings",
            "SEOULGUARD_HOME": str(home),
            "DATABASE_URL": "",
            "HTTPS": "no",
            "DEMO_HOSTS": ",".join(f"{name}={target}" for name, target in hosts.items()),
            "HOST_SECONDS_BETWEEN": "0",
            # Playwright keeps an event loop in a thread of its own.
            "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        }
    )
    for name in ("SECRET_KEY", "EVIDENCE_ROOT", "VAULT_KEY_FILE"):
        os.environ.pop(name, None)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def make_case() -> Case:
    """An active case with a consent that holds."""
    from django.utils import timezone

    from cases import vault
    from cases.models import Case, Consent, Person

    case = Case.objects.create(number="B-1", alias="푸른돌 B-1", status=Case.Status.ACTIVE)
    vault.ensure_key(case)
    Consent.objects.create(case=case, scope={"channels": ["all"]}, granted_at=timezone.now())
    Person.objects.create(case=case)
    return case


def hand_in(case: Case, clip: Path) -> Evidence:
    """The clip as sealed evidence, fingerprinted."""
    from cases import vault
    from cases.models import Evidence
    from detection import pipeline

    evidence = Evidence(case=case, kind=Evidence.Kind.VIDEO)
    with vault.SealedWriter(case, evidence.pk) as writer:
        writer.write(clip.read_bytes())
        sealed = writer.close()
    evidence.digest, evidence.size = sealed.digest, sealed.size
    evidence.save()
    pipeline.fingerprint_evidence(evidence.pk)
    evidence.refresh_from_db()
    if evidence.status != Evidence.Status.FINGERPRINTED:
        raise RuntimeError(f"the evidence could not be fingerprinted: {evidence.reason}")
    return evidence


def cpu_seconds() -> float:
    """User and system time of this process and of the children it waited for: ffmpeg, Chromium."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
