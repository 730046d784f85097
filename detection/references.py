"""The fingerprints of all watched material, ready to compare with."""

from __future__ import annotations

import functools
import logging
import threading
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cases import vault
from cases.models import Case, Evidence
from detection.engine import MediaFingerprint, OldFingerprint, ReferenceSet
from detection.engine.learned import Descriptor, ModelError, load
from detection.models import EvidenceFingerprint

logger = logging.getLogger(__name__)

# The field's name is part of what the seal vouches for.
FIELD = "fingerprint"
# Codes of VaultError that say nothing about one file: a key or room is missing on this server.
INSTALLATION = frozenset({"no_key_file", "bad_key_file", "unknown_key", "no_space"})
# Which fingerprints, made when: two equal versions hold the same material.
Version = dict[UUID, datetime]

_lock = threading.Lock()
_loaded: Version = {}
_references = ReferenceSet()


def wanted(at: datetime) -> Version:
    """Fingerprinted evidence of the cases that are watched now: active, with a consent that holds."""
    rows = EvidenceFingerprint.objects.filter(evidence__case__in=Case.objects.watched(at))
    return dict(rows.exclude(evidence__status=Evidence.Status.UNUSABLE).values_list("evidence_id", "made_at"))


def reference_set() -> tuple[ReferenceSet, Version]:
    """The references, named by evidence id, and their version. Raises VaultError as `_load` does.

    Kept in the process; what was withdrawn leaves it and what is new joins it before it is handed out.
    """
    with _lock:
        now_wanted = wanted(timezone.now())
        for evidence_id in [known for known, made_at in _loaded.items() if now_wanted.get(known) != made_at]:
            _references.remove(str(evidence_id))
            del _loaded[evidence_id]
        for stored in _stored(now_wanted):
            _load(stored)
        return _references, dict(_loaded)


@functools.cache
def descriptor() -> Descriptor | None:
    """The learned descriptor that is named in the settings, once in a process; None without one that can be used."""
    try:
        return load(settings.RECOGNITION_MODEL)
    except ModelError as error:
        logger.error("the learned descriptor is not used: %s", error.sentence)
        return None


def forget() -> None:
    """Drop what this process has loaded; the next use opens it again."""
    with _lock:
        for evidence_id in list(_loaded):
            _references.remove(str(evidence_id))
            del _loaded[evidence_id]


def _stored(version: Version) -> list[EvidenceFingerprint]:
    missing = [evidence_id for evidence_id in version if evidence_id not in _loaded]
    rows = EvidenceFingerprint.objects.filter(evidence_id__in=missing)
    return list(rows.select_related("evidence__case")) if missing else []


def _load(stored: EvidenceFingerprint) -> None:
    """Open one fingerprint. One that was spoiled makes its evidence unusable, in sight of its officer.

    Raises VaultError when it is the installation that lacks something: then no fingerprint would open.
    """
    evidence = stored.evidence
    try:
        opened = vault.open_bytes(evidence.case, FIELD, bytes(stored.sealed))
        _references.add(str(evidence.pk), MediaFingerprint.from_bytes(opened))
    except OldFingerprint:
        # The sweep fingerprints it again; until then the rest is compared without it.
        Evidence.objects.filter(pk=evidence.pk).update(status=Evidence.Status.RECEIVED, attempts=0, retry_at=None)
        return
    except (vault.VaultError, ValueError) as error:
        if getattr(error, "code", "") in INSTALLATION:
            raise
        logger.error("fingerprint of evidence %s cannot be opened: %s", evidence.pk, error)
        Evidence.objects.filter(pk=evidence.pk).update(status=Evidence.Status.UNUSABLE, reason=str(error)[:300])
        return
    _loaded[evidence.pk] = stored.made_at
