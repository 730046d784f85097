"""The vault's rows: people, cases, evidence, captures, custody. They know nobody above them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Names of the groups that carry the rights."""

    OFFICER = "officers", _("Support officer")
    LEAD = "leads", _("Lead")
    ADMIN = "admins", _("Administrator")
    AUDITOR = "auditors", _("Auditor")


class User(AbstractUser):
    """Someone on the staff. The role is the group the person is in."""

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff members")

    def has_role(self, *roles: str) -> bool:
        if not self.is_active:
            return False
        return self.groups.filter(name__in=roles).exists()

    def give_role(self, role: str) -> None:
        self.groups.set([Group.objects.get(name=role)])
        self.is_staff = role == Role.ADMIN
        self.save(update_fields=["is_staff"])

    @property
    def shown_name(self) -> str:
        return self.get_full_name() or self.username


class LeasedQuerySet(models.QuerySet[Any]):
    """Rows that one worker at a time may work on. The lease, not the queue, decides who."""

    def claim(self, pk: Any, *statuses: str) -> bool:
        """Take row `pk` if it is in one of `statuses` and nobody holds it. True when it is ours now."""
        now = timezone.now()
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return (
            self.filter(free, pk=pk, status__in=statuses).update(
                leased_until=now + timedelta(seconds=settings.LEASE_SECONDS), attempts=F("attempts") + 1
            )
            == 1
        )

    def free(self, at: datetime) -> LeasedQuerySet:
        """Not held by a worker, and not waiting for its next try."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lt=at)).filter(Q(retry_at=None) | Q(retry_at__lte=at))


class Leased(models.Model):
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    def release(self) -> None:
        """Give the lease back in memory; the caller saves the row with its outcome."""
        self.leased_until = None
        self.retry_at = None

    def retry_later(self) -> None:
        """Back-off of 10 s, 40 s, 160 s … from now; the caller saves."""
        self.leased_until = None
        self.retry_at = timezone.now() + timedelta(seconds=10 * 4 ** max(0, self.attempts - 1))


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> CaseQuerySet:
        """Officers see their own cases, leads see all; admins and auditors see none (design.md 1)."""
        if user.has_role(Role.LEAD):
            return self.all()
        if user.has_role(Role.OFFICER):
            return self.filter(officer=user)
        return self.none()

    def watched(self, at: datetime) -> CaseQuerySet:
        """Active, with a consent that holds at that time. Only their material is looked for."""
        return self.filter(
            Q(consents__expires_at=None) | Q(consents__expires_at__gt=at),
            status=Case.Status.ACTIVE,
            consents__withdrawn_at=None,
            consents__granted_at__lte=at,
        ).distinct()


class Case(models.Model):
    class Status(models.TextChoices):
        RECEIVED = "received", _("Received")
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        CLOSED = "closed", _("Closed")

    class Content(models.TextChoices):
        FILMED = "filmed", _("Filmed material")
        SYNTHETIC = "synthetic", _("Synthetic material (deepfake)")
        IDENTIFYING = "identifying", _("Identifying details")

    class ContactChoice(models.TextChoices):
        NONE = "none", _("Do not contact me; I will look at the status page")
        PHONE = "phone", _("By phone, at the hours I name")
        EMAIL = "email", _("By e-mail, with a neutral text")

    class Requester(models.TextChoices):
        SELF = "self", _("Myself")
        FAMILY = "family", _("Someone in my family")
        AGENT = "agent", _("Someone who asked me to act for them")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=20, unique=True)
    alias = models.CharField(max_length=40)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED)
    content = models.CharField(max_length=12, choices=Content, default=Content.FILMED)
    # Then `content` is only the most frequent kind, until an officer has looked.
    content_unsure = models.BooleanField(default=False)
    minor = models.BooleanField(default=False)
    requester = models.CharField(max_length=8, choices=Requester, default=Requester.SELF)
    contact_choice = models.CharField(max_length=8, choices=ContactChoice, default=ContactChoice.NONE)
    receipt_lookup = models.CharField(max_length=64, unique=True, null=True, editable=False)
    account_sealed = models.BinaryField(default=b"", editable=False)
    opened_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at"]

    def __str__(self) -> str:
        return f"{self.number} {self.alias}"

    @property
    def content_kind(self) -> str:
        """The kind a letter speaks of: minors outrank every other kind (legal.md R7)."""
        return "minor" if self.minor else self.content

    def allows_work(self, at: datetime) -> bool:
        return Case.objects.watched(at).filter(pk=self.pk).exists()


class CaseKey(models.Model):
    """The case's data key, wrapped by the installation's key. Erasing this row erases the case."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="key")
    kid = models.CharField(max_length=16)
    wrapped = models.BinaryField()


class Person(models.Model):
    """The person served, or who acts for them. Every field is sealed with the case's key."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="person")
    name_sealed = models.BinaryField(default=b"")
    contact_sealed = models.BinaryField(default=b"")
    hours_sealed = models.BinaryField(default=b"")


class Consent(models.Model):
    """What the centre may do, where, and until when. Withdrawal stops watch and letters at once."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="consents")
    scope = models.JSONField(default=dict)
    granted_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class EvidenceQuerySet(LeasedQuerySet):
    def to_fingerprint(self, at: datetime) -> EvidenceQuerySet:
        return self.free(at).filter(  # type: ignore[return-value]
            status=Evidence.Status.RECEIVED, kind__in=[Evidence.Kind.VIDEO, Evidence.Kind.IMAGE]
        )


class Evidence(Leased):
    class Kind(models.TextChoices):
        VIDEO = "video", _("Video")
        IMAGE = "image", _("Image")
        URL = "url", _("Address")

    class Status(models.TextChoices):
        RECEIVED = "received", _("Received")
        FINGERPRINTED = "fingerprinted", _("Fingerprinted")
        UNUSABLE = "unusable", _("Unusable")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=6, choices=Kind)
    status = models.CharField(max_length=14, choices=Status, default=Status.RECEIVED)
    reason = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=71, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    url_sealed = models.BinaryField(default=b"", editable=False)
    received_at = models.DateTimeField(default=timezone.now)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["received_at"]
        verbose_name_plural = "evidence"


class Capture(models.Model):
    """A preserved page (채증). Pending first, then complete or failed; its parts are sealed files."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        COMPLETE = "complete", _("Complete")
        FAILED = "failed", _("Failed")

    class Method(models.TextChoices):
        BROWSER = "browser", _("Browser")
        HTTP = "http", _("Plain HTTP")
        UPLOAD = "upload", _("Handed in by an officer")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="captures")
    purpose = models.CharField(max_length=10, default="presence")
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    method = models.CharField(max_length=8, choices=Method, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    url = models.TextField()
    final_url = models.TextField(blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    facts = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now)
    captured_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["started_at"]


class CapturePart(models.Model):
    """One sealed file of a capture: screenshot, page text, headers, found media, aligned frames."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=60)
    media_type = models.CharField(max_length=60)
    digest = models.CharField(max_length=71)
    size = models.PositiveBigIntegerField()
    how = models.CharField(max_length=40)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["capture", "name"], name="one_part_per_name")]


class TimeStampQuerySet(LeasedQuerySet):
    def to_make(self, at: datetime) -> TimeStampQuerySet:
        """Waiting for their authority; one that refused is asked again later too."""
        return self.free(at).filter(status__in=TimeStamp.OPEN)  # type: ignore[return-value]


class TimeStamp(Leased):
    """An RFC 3161 token of one authority over the manifest of a capture. `token` is the whole answer, DER."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Not yet stamped")
        MADE = "made", _("Stamped")
        FAILED = "failed", _("Refused")

    OPEN = (Status.WAITING, Status.FAILED)

    capture = models.ForeignKey(Capture, on_delete=models.CASCADE, related_name="time_stamps")
    digest = models.CharField(max_length=71)
    authority = models.CharField(max_length=300)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    token = models.BinaryField(default=b"", editable=False)
    # What the token was checked against: the authority's certificate may be gone when someone checks it again.
    certificate = models.TextField(blank=True, editable=False)
    made_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(max_length=300, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)

    objects = TimeStampQuerySet.as_manager()

    class Meta:
        ordering = ["queued_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["capture", "digest", "authority"], name="one_stamp_per_authority")
        ]


class AppendOnlyQuerySet(models.QuerySet["CustodyEntry"]):
    """Refuses in Python what the triggers of `cases.custody_guard` refuse in SQL."""

    def update(self, **fields: Any) -> int:
        raise TypeError("the chain of custody is append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("the chain of custody is append-only")


class CustodyEntry(models.Model):
    """Append-only: who did what to which case, each entry carrying the digest of the one before."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="custody")
    sequence = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    act = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, blank=True)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=71)
    digest = models.CharField(max_length=71)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["case", "sequence"]
        constraints = [models.UniqueConstraint(fields=["case", "sequence"], name="custody_in_order")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("the chain of custody is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("the chain of custody is append-only")


class IntakeDraft(models.Model):
    """What someone has entered so far. Sealed with the installation's key; gone after sending or 24 hours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    answers_sealed = models.BinaryField(default=b"")
    touched_at = models.DateTimeField(auto_now=True)


class GuessCount(models.Model):
    """How many wrong receipt codes are still allowed, per neighbourhood of addresses and for everybody."""

    bucket = models.CharField(max_length=64, unique=True)
    tokens = models.FloatField()
    counted_at = models.DateTimeField()


from cases.settingchange import SettingChange  # noqa: E402, F401
from cases.watchterm import WatchTerm  # noqa: E402, F401  rows of a file of their own; Django looks for models here
