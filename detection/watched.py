"""Rows of the polite watch: what each host allows, what each address answered, how each visit went, what is wrong."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.models import Case

DIGEST = 71  # "sha256:" and 64 letters


class WatchedHost(models.Model):
    """A host we ask: what its robots.txt says, how often it may be asked, and until when it wants to be left alone.

    Every worker process reads and writes this row before each request: the row, not a process, keeps the pace.
    """

    name = models.CharField(_("host"), max_length=260, unique=True, editable=False)
    robots_text = models.TextField(_("robots.txt"), blank=True, editable=False)
    robots_status = models.PositiveSmallIntegerField(_("answer for robots.txt"), null=True, editable=False)
    robots_read_at = models.DateTimeField(_("robots.txt read"), null=True, editable=False)
    robots_tried_at = models.DateTimeField(null=True, editable=False)
    crawl_delay_seconds = models.FloatField(_("asks for seconds between requests"), default=0, editable=False)
    override_reason = models.CharField(
        _("why robots.txt is not followed here"), max_length=300, blank=True,
        help_text=_("Empty: robots.txt is followed. A reason written here is kept with your name and the time."),
    )  # fmt: skip
    override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("decided by"),
    )  # fmt: skip
    override_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    seconds_between = models.FloatField(
        _("seconds between requests"), null=True, blank=True, help_text=_("Empty: the installation's pace.")
    )
    at_once = models.PositiveSmallIntegerField(
        _("requests at the same time"), null=True, blank=True, help_text=_("Empty: the installation's number.")
    )
    next_request_at = models.DateTimeField(default=timezone.now, editable=False)
    refusals = models.PositiveSmallIntegerField(_("refusals in a row"), default=0, editable=False)
    refused_status = models.PositiveSmallIntegerField(default=0, editable=False)
    refused_until = models.DateTimeField(_("left alone until"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("watched host")
        verbose_name_plural = _("watched hosts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def pace_seconds(self) -> float:
        """Seconds from one request to the next. A crawl-delay counts unless an administrator wrote down why not."""
        own = settings.HOST_SECONDS_BETWEEN if self.seconds_between is None else self.seconds_between
        return float(own if self.override_reason else max(own, self.crawl_delay_seconds))


class HostSeat(models.Model):
    """One of the requests a host gets at the same time. A worker that died gives its seat back with the lease."""

    host = models.ForeignKey(WatchedHost, on_delete=models.CASCADE, related_name="seats")
    number = models.PositiveSmallIntegerField()
    held_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "number"], name="one_seat_a_number")]


class PageSeen(models.Model):
    """What an address (a page or a medium) answered last, so that it need not answer it again.

    `body_sealed` is a page's text, compressed and sealed for the installation; media keep none. `first_digest` is
    that of a medium's first bytes (`detection.known.FIRST_BYTES`).
    """

    key = models.CharField(max_length=64, unique=True)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    content_type = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=DIGEST, blank=True)
    first_digest = models.CharField(max_length=DIGEST, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    body_sealed = models.BinaryField(null=True)
    fetched_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(default=timezone.now, db_index=True)


class KnownMedium(models.Model):
    """The fingerprint of bytes that were decoded once, and how they were judged.

    `sealed` for the installation, or for the case it matched. `findings` (ids of evidence and numbers) hold for the
    references of `compared_with` alone.
    """

    digest = models.CharField(max_length=DIGEST, unique=True)
    case = models.ForeignKey(Case, null=True, on_delete=models.CASCADE, related_name="+")
    sealed = models.BinaryField()
    model = models.CharField(max_length=200, blank=True)
    findings = models.JSONField(default=list)
    compared_with = models.CharField(max_length=DIGEST, blank=True)
    compared_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now, db_index=True)
    times_used = models.PositiveIntegerField(default=0)


class SourceVisit(models.Model):
    """One visit of a source in numbers. `links` are entries it showed, `pages` those of them that are pages with
    media of their own, `opened` the ones that were opened."""

    class Outcome(models.TextChoices):
        GOOD = "good", _("Went well")
        EMPTY = "empty", _("Answered, showed nothing")
        REFUSED = "refused", _("Was refused")
        FORBIDDEN = "forbidden", _("robots.txt forbids it")
        FAILED = "failed", _("No answer")
        HELD_BACK = "held_back", _("Not asked, the host wants a pause")

    source = models.ForeignKey("detection.Source", on_delete=models.CASCADE, related_name="visits")
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    status = models.PositiveSmallIntegerField(default=0)
    links = models.PositiveIntegerField(_("links"), default=0)
    pages = models.PositiveIntegerField(_("links to pages"), default=0)
    opened = models.PositiveIntegerField(_("pages opened"), default=0)
    found = models.PositiveIntegerField(_("media"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged pages"), default=0)
    bytes = models.PositiveBigIntegerField(_("bytes"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    began_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["-began_at"]
        indexes = [models.Index(fields=["source", "-began_at"], name="visits_of_a_source")]


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def ringing(self) -> AlarmQuerySet:
        return self.filter(closed_at=None)


class Alarm(models.Model):
    """A source needs a person. It closes by itself when the source recovers."""

    class Kind(models.TextChoices):
        REFUSED = "refused", _("Refused")
        FORBIDDEN = "forbidden", _("Forbidden by robots.txt")
        LAYOUT = "layout", _("Layout changed")
        SILENT = "silent", _("Silent")
        NOTHING_NEW = "nothing_new", _("Nothing new")

    source = models.ForeignKey("detection.Source", on_delete=models.CASCADE, related_name="alarms")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    sentence = models.CharField(_("what is wrong"), max_length=300)
    since = models.DateTimeField(_("since"))
    last_seen_at = models.DateTimeField(_("last noticed"))
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("acknowledged by"),
    )  # fmt: skip
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    closed_at = models.DateTimeField(_("recovered"), null=True, blank=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind"], condition=Q(closed_at=None), name="rings_once")
        ]

    @property
    def next_action(self) -> str:
        """What a person does about it, in the reader's language."""
        return {
            self.Kind.REFUSED: gettext("Visit it less often. If it goes on, ask the site for access or find its feed."),
            self.Kind.FORBIDDEN: gettext("Look for a feed or ask the site; or write down at its host why to go on."),
            self.Kind.LAYOUT: gettext(
                "Open the site, compare it with the source's settings, and try the source again."
            ),
            self.Kind.SILENT: gettext(
                "Open the site. If it moved, change the address; if it is gone, pause the source."
            ),
            self.Kind.NOTHING_NEW: gettext("Open the site and look whether new entries are there that we do not find."),
        }[self.Kind(self.kind)]

    def acknowledge(self, user: object, at: datetime) -> bool:
        """Someone takes it on. False when somebody did before, or it is over."""
        free = Alarm.objects.ringing().filter(pk=self.pk, acknowledged_at=None)
        return free.update(acknowledged_by=user, acknowledged_at=at) == 1
