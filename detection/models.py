"""What is watched, what was found, what was judged. A captured match is the message to takedown."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Capture, Case, Evidence, Leased, LeasedQuerySet
from detection import asked as asked  # rows of the watch terms; Django looks for models here
from detection import watched as watched  # rows of the polite watch

OTHERS_FIRST = timedelta(hours=1)


class EvidenceFingerprint(models.Model):
    """Perceptual fingerprint of one evidence, sealed with its case's key."""

    evidence = models.OneToOneField(Evidence, on_delete=models.CASCADE, related_name="fingerprint")
    sealed = models.BinaryField()
    frame_count = models.PositiveIntegerField()
    duration_seconds = models.FloatField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    # What was judged between these two has not seen it (`detection.resting`).
    resting_since = models.DateTimeField(null=True, blank=True)
    back_at = models.DateTimeField(null=True, blank=True)


class SourceQuerySet(LeasedQuerySet):
    def to_visit(self, at: datetime) -> SourceQuerySet:
        return self.free(at).filter(status=Source.Status.ACTIVE, next_visit_at__lte=at)  # type: ignore[return-value]


class Source(Leased):
    """A place that is watched."""

    class Kind(models.TextChoices):
        LISTING = "listing", _("Listing page with detail pages")
        FEED = "feed", _("RSS or Atom feed")
        SEARCH = "search", _("Search of a site, by words")
        SITEMAP = "sitemap", _("Sitemap")
        JSON_API = "json_api", _("JSON interface (API)")
        RENDERED = "rendered", _("Page that scripts build (scrolling, “next”, consent)")
        TELEGRAM = "telegram", _("Public Telegram channel")
        LIST = "list", _("List of addresses")
        SINGLE = "single", _("One address")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft, not yet tried")
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")

    class KeyPlace(models.TextChoices):
        NONE = "", _("No key")
        HEADER = "header", _("In a header")
        PARAMETER = "parameter", _("In a parameter of the address")

    name = models.CharField(
        _("name"), max_length=80, help_text=_("How this source is called in lists; no name of a victim.")
    )
    kind = models.CharField(
        _("kind"), max_length=10, choices=Kind, help_text=_("What stands at the address, and how it is read.")
    )
    # A list of addresses has no address of its own.
    url = models.URLField(
        _("start address"), max_length=2000, blank=True, help_text=_("The public address where every visit begins.")
    )
    rendered = models.BooleanField(
        _("needs a browser"),
        default=False,
        help_text=_("The pages build themselves with scripts. Slower: tick it only when nothing is found without."),
    )
    item_selector = models.CharField(
        _("links to detail pages"), max_length=200, blank=True, help_text=_("CSS selector; empty finds them by itself.")
    )
    next_selector = models.CharField(
        _("link to the next page"),
        max_length=200,
        blank=True,
        help_text=_("CSS selector; empty finds links that say “next” in many languages."),
    )
    queries = models.TextField(
        _("search words"),
        blank=True,
        help_text=_("One search a line. They are sent to the site as they stand: no name or handle of a victim here."),
    )
    addresses = models.TextField(
        _("addresses"),
        blank=True,
        help_text=_(
            "One a line, or a table (CSV) with an address in each row. Written so that nobody clicks on them "
            "(hxxp, [.], (dot)) is understood."
        ),
    )
    items_path = models.CharField(
        _("where the entries are"),
        max_length=500,
        blank=True,
        help_text=_("JMESPath; empty when the answer is a list."),
    )
    page_path = models.CharField(
        _("page of an entry"), max_length=500, blank=True, help_text=_("JMESPath within an entry, for example: url")
    )
    media_path = models.CharField(
        _("media of an entry"),
        max_length=500,
        blank=True,
        help_text=_("JMESPath within an entry: an address or a list of them. Empty opens the entry's page instead."),
    )
    title_path = models.CharField(
        _("title of an entry"), max_length=500, blank=True, help_text=_("JMESPath within an entry.")
    )
    uploader_path = models.CharField(
        _("uploader of an entry"), max_length=500, blank=True, help_text=_("JMESPath within an entry.")
    )
    posted_path = models.CharField(
        _("time of an entry"),
        max_length=500,
        blank=True,
        help_text=_("JMESPath within an entry; seconds since 1970 and written dates are understood."),
    )
    next_path = models.CharField(
        _("where the next page is named"),
        max_length=500,
        blank=True,
        help_text=_("JMESPath in the whole answer: an address, or a mark that goes into the parameter below."),
    )
    next_parameter = models.CharField(
        _("parameter for the next page"),
        max_length=60,
        blank=True,
        help_text=_("Name of the parameter that carries the mark, for example: after, max_id"),
    )
    key_place = models.CharField(
        _("where the key goes"),
        max_length=9,
        choices=KeyPlace,
        blank=True,
        help_text=_("Only for interfaces that ask for a key."),
    )
    key_names = models.CharField(
        _("name of the header or parameter"),
        max_length=200,
        blank=True,
        help_text=_("For example: Authorization, or key. Two names (id and secret) are separated by a comma."),
    )
    key_sealed = models.BinaryField(blank=True, default=b"", editable=False)
    consent_clicks = models.TextField(
        _("clicks before reading"),
        blank=True,
        help_text=_(
            "What a visitor clicks away first (cookies, age), one a line, in order: the words on the button, or a CSS "
            "selector after “css:”. What is not there is passed over."
        ),
    )
    next_click = models.CharField(
        _("click for the next page"),
        max_length=200,
        blank=True,
        help_text=_("The words on the button (“More”), or a CSS selector after “css:”. Empty clicks nothing."),
    )
    scroll_count = models.PositiveSmallIntegerField(
        _("scroll to the end, times"),
        default=0,
        validators=[MaxValueValidator(30)],
        help_text=_("For pages that go on while one scrolls; at most 30."),
    )
    page_limit = models.PositiveSmallIntegerField(
        _("pages a visit"), default=3, help_text=_("How many pages of the list one visit opens at most.")
    )
    every_minutes = models.PositiveIntegerField(
        _("visit every (minutes)"),
        default=30,
        help_text=_("A site that is asked less often has less reason to lock out."),
    )
    status = models.CharField(
        _("state"), max_length=8, choices=Status, default=Status.ACTIVE, help_text=_("Only active sources are visited.")
    )
    tried_at = models.DateTimeField(_("tried"), null=True, blank=True, editable=False)
    untried_reason = models.CharField(
        _("why without a trial that worked"),
        max_length=300,
        blank=True,
        help_text=_(
            "Only where a trial cannot work now, for example because the site is down. Without a reason the source "
            "stays a draft. The reason is kept with your name and the time."
        ),
    )
    untried_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False,
        verbose_name=_("started untried by"),
    )  # fmt: skip
    untried_at = models.DateTimeField(_("started untried at"), null=True, blank=True, editable=False)
    visited_at = models.DateTimeField(_("last visit"), null=True, blank=True, editable=False)
    next_visit_at = models.DateTimeField(
        _("next visit"), default=timezone.now, help_text=_("It moves on by itself after every visit.")
    )
    failure = models.CharField(_("trouble"), max_length=300, blank=True, editable=False)
    found_last_visit = models.PositiveIntegerField(_("found at the last visit"), default=0, editable=False)
    request_budget = models.PositiveIntegerField(
        _("requests a visit"),
        default=200,
        validators=[MinValueValidator(2)],
        help_text=_("Pages and robots.txt. What is left over is opened at the next visit."),
    )
    megabyte_budget = models.PositiveIntegerField(
        _("megabytes a visit"),
        default=50,
        validators=[MinValueValidator(1)],
        help_text=_("Of pages. Media are fetched when they are examined, and do not count here."),
    )
    second_budget = models.PositiveIntegerField(
        _("seconds a visit"),
        default=400,
        validators=[MinValueValidator(5)],
        help_text=_("Waiting for the host's pace counts."),
    )

    objects = SourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


def media_key(page_url: str, media_url: str) -> str:
    """Fixed-width key of a page and the medium on it (addresses are too long for a unique index)."""
    return hashlib.sha256(f"{page_url}\n{media_url}".encode()).hexdigest()


class CandidateQuerySet(LeasedQuerySet):
    def to_examine(self, at: datetime) -> CandidateQuerySet:
        """What is due, first that with a watch term around it (`detection.text_hits`), then by age.

        The rest of a film in which something was confirmed already lets others go first, but not for ever.
        """
        due = self.free(at).filter(status=Candidate.Status.NEW)
        lets_others_go = models.When(first_looked_at__gt=at - OTHERS_FIRST, then=1)
        after = models.Case(lets_others_go, default=0, output_field=models.SmallIntegerField())
        return due.order_by(after, "-priority", "found_at")  # type: ignore[return-value]

    def of_same_bytes(self, digest: str) -> CandidateQuerySet:
        """One cluster: every place where exactly these bytes were found, the first one first."""
        return self.filter(digest=digest).exclude(digest="").order_by("found_at")  # type: ignore[return-value]


class Candidate(Leased):
    """Media found on a page, not yet judged."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        CLEARED = "cleared", _("Cleared")
        MATCHED = "matched", _("Matched")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.SET_NULL, related_name="candidates")
    page_url = models.TextField()
    media_url = models.TextField()
    key = models.CharField(max_length=64, unique=True, editable=False)
    title = models.CharField(max_length=300, blank=True)
    uploader = models.CharField(max_length=120, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.NEW)
    # Which is examined first. It says nothing of what a candidate is.
    priority = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=71, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    # What the examination cost, and when a long medium's beginning was looked at.
    fetched_bytes = models.PositiveBigIntegerField(default=0)
    glanced_at = models.DateTimeField(null=True, blank=True)
    # When a part of a long film confirmed something; empty again when the whole was examined (`detection.first_look`).
    first_looked_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(default=timezone.now)
    examined_at = models.DateTimeField(null=True, blank=True)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        ordering = ["found_at"]

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = media_key(self.page_url, self.media_url)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class MatchQuerySet(LeasedQuerySet):
    def captured(self) -> MatchQuerySet:
        """Preserved, and the same material: by the engine's verdict or by an officer's."""
        sure = Q(verdict=Match.Verdict.CONFIRMED) | Q(accepted_at__isnull=False)
        return self.filter(sure, status=Match.Status.CAPTURED)  # type: ignore[return-value]

    def undecided(self) -> MatchQuerySet:
        """Preserved, and waiting for an officer's look: same place or person, perhaps not the same material."""
        return self.filter(  # type: ignore[return-value]
            status=Match.Status.CAPTURED, verdict=Match.Verdict.REVIEW, accepted_at=None
        )

    def to_capture(self, at: datetime) -> MatchQuerySet:
        return self.free(at).filter(status=Match.Status.FOUND)  # type: ignore[return-value]


class Match(Leased):
    """Candidate and evidence judged to be the same material, or worth an officer's look."""

    class Verdict(models.TextChoices):
        CONFIRMED = "confirmed", _("Copy")
        REVIEW = "review", _("To be looked at")

    class Status(models.TextChoices):
        FOUND = "found", _("Found")
        CAPTURED = "captured", _("Captured")
        UNCAPTURED = "uncaptured", _("Capture failed")
        DISMISSED = "dismissed", _("Dismissed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="matches")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="matches")
    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="matches")
    status = models.CharField(max_length=10, choices=Status, default=Status.FOUND)
    reason = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(max_length=9, choices=Verdict)
    # By a stretch of the film; the examination of the whole refines it.
    judged_in_part = models.BooleanField(default=False)
    score = models.FloatField()
    query_percent = models.FloatField(default=0)
    reference_percent = models.FloatField(default=0)
    segments = models.JSONField(default=list)
    kinds = models.JSONField(default=list)
    transform = models.CharField(max_length=60, blank=True)
    best_candidate_seconds = models.FloatField(default=0)
    best_reference_seconds = models.FloatField(default=0)
    capture = models.ForeignKey(Capture, null=True, blank=True, on_delete=models.PROTECT, related_name="matches")
    judged_at = models.DateTimeField(default=timezone.now)
    captured_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)

    objects = MatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        ordering = ["judged_at"]
        constraints = [models.UniqueConstraint(fields=["candidate", "evidence"], name="judged_once")]
