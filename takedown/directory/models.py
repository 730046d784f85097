"""Rows of the directory beside sites and contacts: what was suggested, who proposed which change, what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Leased, LeasedQuerySet


class Lookup(Leased):
    """One search for contacts of one site: asked for by a row, done by a worker, its outcome kept source by source."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Under way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    site = models.ForeignKey("takedown.HostingSite", on_delete=models.CASCADE, related_name="lookups")
    status = models.CharField(max_length=6, choices=Status, default=Status.ASKED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    outcomes = models.JSONField(default=list)  # [{"source", "found", "sentence"}] in the order they were asked

    objects = LeasedQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["site"], condition=Q(status="asked"), name="one_lookup_at_a_time")
        ]

    @classmethod
    def due(cls, at: datetime) -> models.QuerySet[Any]:
        return cls.objects.free(at).filter(status=cls.Status.ASKED)


class Suggestion(models.Model):
    """An address somebody published, or that is customary. No letter goes there until an administrator confirms it."""

    class Source(models.TextChoices):
        RDAP_DOMAIN = "rdap-domain", _("Registration of the domain (RDAP)")
        RDAP_NETWORK = "rdap-ip", _("Registration of the network (RDAP)")
        SECURITY_TXT = "security-txt", _("The site's security.txt")
        PAGE = "page", _("The site's own pages")
        CUSTOM = "rfc2142", _("Guess: customary mailbox (RFC 2142)")

    class Kind(models.TextChoices):
        ABUSE = "abuse", _("For abuse")
        COPYRIGHT = "copyright", _("For copyright and legal notices")
        SECURITY = "security", _("For security flaws")
        GENERAL = "general", _("General")

    class State(models.TextChoices):
        NEW = "new", _("Not looked at")
        CONFIRMED = "confirmed", _("Taken over")
        REJECTED = "rejected", _("Rejected")

    site = models.ForeignKey("takedown.HostingSite", on_delete=models.CASCADE, related_name="suggestions")
    channel = models.CharField(max_length=8, default="email")
    address = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=Kind)
    reaches = models.CharField(max_length=10)  # an AddresseeType: whose desk this is
    source = models.CharField(max_length=12, choices=Source)
    found_at_url = models.CharField(max_length=500, blank=True)  # where from; empty for a guess
    remark = models.CharField(max_length=300, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    fetched_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State, default=State.NEW)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["site", "channel", "address", "source"], name="suggested_once_per_source")
        ]

    def __str__(self) -> str:
        return self.address


class ContactChange(models.Model):
    """A change of the directory: done at once, or waiting for a second administrator."""

    class Action(models.TextChoices):
        ADD = "add", _("Add")
        CHANGE = "change", _("Change")
        CONFIRM = "confirm", _("Confirm")
        REMOVE = "remove", _("Remove")
        MERGE = "merge", _("Merge into another site")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for a second administrator")
        APPLIED = "applied", _("Done")
        DECLINED = "declined", _("Declined")

    site = models.ForeignKey("takedown.HostingSite", on_delete=models.CASCADE, related_name="changes")
    contact = models.ForeignKey("takedown.Contact", null=True, on_delete=models.CASCADE, related_name="changes")
    action = models.CharField(max_length=8, choices=Action)
    fields = models.JSONField(default=dict)  # what shall be written
    before = models.JSONField(default=dict)  # what stood there when it was proposed
    why = models.CharField(max_length=20, blank=True)  # why a second administrator is needed: "busy:3", "elsewhere"
    needs_second = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["proposed_at", "pk"]
        constraints = [
            # Said in the database too: no code path lets one person do what needs two.
            models.CheckConstraint(
                condition=~Q(state="applied", needs_second=True)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="applied_by_a_second",
            )
        ]


class DirectoryEntry(models.Model):
    """The log of the directory. Lines are added, never changed; a merge carries them over to the site that stays."""

    class Verb(models.TextChoices):
        SITE_ADDED = "site_added", _("Site added")
        SITE_CHANGED = "site_changed", _("Site changed")
        MERGED = "merged", _("Sites merged")
        ADDED = "added", _("Contact added")
        CHANGED = "changed", _("Contact changed")
        CONFIRMED = "confirmed", _("Contact confirmed")
        PAUSED = "paused", _("Contact paused")
        BOUNCED = "bounced", _("Mail bounced")
        REMOVED = "removed", _("Contact removed")
        PROPOSED = "proposed", _("Change proposed")
        DECLINED = "declined", _("Change declined")
        LOOKED_UP = "looked_up", _("Contacts looked for")
        REJECTED = "rejected", _("Suggestion rejected")

    site = models.ForeignKey("takedown.HostingSite", null=True, on_delete=models.SET_NULL, related_name="entries")
    domain = models.CharField(max_length=253)
    verb = models.CharField(max_length=12, choices=Verb)
    address = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("entry of the directory's log")
        verbose_name_plural = _("log of the directory")
        ordering = ["-at", "-pk"]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("A line of the log is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A line of the log is never deleted.")
