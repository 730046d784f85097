"""What we say, to whom, and whether it is gone."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Capture, Case, Leased, LeasedQuerySet
from detection.models import Match

LETTER_LANGUAGES = [
    ("ko", _("Korean")),
    ("en", _("English")),
    ("zh-Hans", _("Chinese (simplified)")),
    ("zh-Hant", _("Chinese (traditional)")),
    ("ja", _("Japanese")),
    ("ru", _("Russian")),
    ("vi", _("Vietnamese")),
    ("th", _("Thai")),
    ("es", _("Spanish")),
    ("id", _("Indonesian")),
    ("de", _("German")),
    ("fr", _("French")),
]


class AddresseeType(models.TextChoices):
    SITE = "site", _("Site operator")
    PLATFORM = "platform", _("Platform")
    HOST = "host", _("Hosting network")
    CDN = "cdn", _("Content delivery network")
    REGISTRAR = "registrar", _("Registrar")
    SEARCH = "search", _("Search engine")
    REGULATOR = "regulator", _("Regulator")


# What an administrator confirms before a letter may rely on it (legal.md 12). Without its condition a row is not cited.
LETTER_CONDITIONS = [
    ("kr_designated_body", _("The centre is a designated body under the Korean decree")),
    ("uk_48h_in_force", _("The 48-hour duty of the United Kingdom is in force")),
    ("vn_law_2025_articles", _("The articles of the Vietnamese law 116/2025/QH15 are confirmed")),
    ("jp_formal_request", _("A lawyer signs letters to Japan as formal requests")),
]


class Organisation(models.Model):
    """The centre that signs. One row; names and mandate by language code."""

    names = models.JSONField(_("names"), default=dict, help_text=_("Name of the centre by language code."))
    mandates = models.JSONField(_("mandates"), default=dict, help_text=_("Legal mandate by language code."))
    legal_representative = models.CharField(_("legal representative"), max_length=120, blank=True)
    legal_representative_ko = models.CharField(_("legal representative, in Korean letters"), max_length=120, blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    address_ko = models.CharField(_("address, in Korean letters"), max_length=300, blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail for replies"), blank=True)
    country = models.CharField(_("country"), max_length=2, default="KR")
    conditions = models.JSONField(_("confirmed conditions"), default=list, blank=True)  # codes of LETTER_CONDITIONS

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisation")

    def __str__(self) -> str:
        return str(self.names.get("en") or self.names.get("ko") or "")


class HostingSite(models.Model):
    """Who can remove it."""

    name = models.CharField(_("name"), max_length=120)
    domain = models.CharField(_("domain"), max_length=253, unique=True)
    aliases = models.JSONField(_("other domains"), default=list, blank=True)
    addressee_type = models.CharField(_("kind"), max_length=10, choices=AddresseeType, default=AddresseeType.SITE)
    language = models.CharField(_("language of letters"), max_length=7, choices=LETTER_LANGUAGES, default="en")
    jurisdiction = models.CharField(_("jurisdiction"), max_length=4, default="INT")
    time_zone = models.CharField(_("time zone"), max_length=40, default="UTC")
    notes = models.TextField(_("notes"), blank=True)

    class Meta:
        verbose_name = _("hosting site")
        verbose_name_plural = _("hosting sites")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """How to reach them, and what they can do."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        FORM = "form", _("Web form")
        POST = "post", _("Letter by post")
        CLOUDFLARE = "cloudflare", _("Interface of Cloudflare")
        AWS = "aws", _("Interface of AWS")

    class State(models.TextChoices):
        USABLE = "usable", _("Usable")
        BOUNCED = "bounced", _("Bounced")
        PAUSED = "paused", _("Paused")
        RETIRED = "retired", _("Retired")

    site = models.ForeignKey(HostingSite, on_delete=models.CASCADE, related_name="contacts")
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, default=Channel.EMAIL)
    address = models.CharField(_("address"), max_length=300)
    rank = models.PositiveSmallIntegerField(_("order"), default=1)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.USABLE)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    failure = models.CharField(max_length=300, blank=True, editable=False)
    # Its scope. Empty: for every letter to this site.
    addressees = models.JSONField(_("reaches"), default=list, blank=True)  # of AddresseeType
    contents = models.JSONField(_("for content"), default=list, blank=True)  # of Case.content_kind
    jurisdictions = models.JSONField(_("for letters under the law of"), default=list, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    wants_xarf = models.BooleanField(_("wants a machine-readable report (XARF)"), default=False)
    bounce_count = models.PositiveIntegerField(_("bounces"), default=0, editable=False)
    bounced_at = models.DateTimeField(_("last bounce"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["rank", "pk"]
        constraints = [models.UniqueConstraint(fields=["site", "channel", "address"], name="contact_once_per_site")]

    def __str__(self) -> str:
        return self.address


class Statute(models.Model):
    """One legal fact (legal.md 12). A row that is not verified is never cited in a letter that leaves."""

    code = models.CharField(_("code"), max_length=24, unique=True)
    jurisdiction = models.CharField(_("jurisdiction"), max_length=4)
    name_local = models.CharField(_("name in its language"), max_length=300)
    name_en = models.CharField(_("name in English"), max_length=300)
    names = models.JSONField(_("names"), default=dict, blank=True)
    article = models.CharField(_("article"), max_length=120, blank=True)
    duty_key = models.CharField(_("duty"), max_length=60, blank=True)
    clock_hours = models.PositiveIntegerField(_("clock (hours)"), null=True, blank=True)
    clock_start = models.CharField(_("clock starts with"), max_length=60, blank=True)
    addressee_types = models.JSONField(_("addressees"), default=list, blank=True)
    elements = models.JSONField(_("required elements"), default=list, blank=True)
    sanction = models.TextField(_("sanction"), blank=True)
    verified = models.BooleanField(_("verified"), default=False)
    source = models.TextField(_("source read"), blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    checked_by_counsel_on = models.DateField(_("checked by counsel on"), null=True, blank=True)
    flag = models.CharField(_("condition"), max_length=40, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("statute")
        verbose_name_plural = _("statutes")
        ordering = ["jurisdiction", "code"]

    def __str__(self) -> str:
        return self.code


class LetterTemplate(models.Model):
    """One paragraph of the letter in one language."""

    language = models.CharField(_("language"), max_length=7, choices=LETTER_LANGUAGES)
    key = models.CharField(_("paragraph"), max_length=60)
    text = models.TextField(_("text"))
    locked = models.BooleanField(_("locked"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    checked_by_counsel_on = models.DateField(_("checked by counsel on"), null=True, blank=True)

    class Meta:
        verbose_name = _("letter paragraph")
        verbose_name_plural = _("letter paragraphs")
        ordering = ["language", "key"]
        constraints = [models.UniqueConstraint(fields=["language", "key"], name="one_paragraph_per_language")]

    def __str__(self) -> str:
        return f"{self.language} {self.key}"


class LawbookVersion(models.Model):
    """A statute or letter paragraph as it stood before it was changed: what an old letter cites can still be read."""

    kind = models.CharField(_("kind"), max_length=16)  # "statute" or "lettertemplate"
    key = models.CharField(_("key"), max_length=80)  # "US-1", "en law.US-1.image"
    version = models.PositiveIntegerField(_("version"))
    row = models.JSONField(_("as it stood"), default=dict)
    replaced_at = models.DateTimeField(_("replaced at"), default=timezone.now)

    class Meta:
        verbose_name = _("earlier version")
        verbose_name_plural = _("earlier versions")
        ordering = ["kind", "key", "version"]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class NoticeQuerySet(LeasedQuerySet):
    def visible_to(self, user: Any) -> NoticeQuerySet:
        return self.filter(case__in=Case.objects.visible_to(user))  # type: ignore[return-value]

    def to_send(self, at: datetime) -> NoticeQuerySet:
        """Approved, and the undo window is over."""
        return self.free(at).filter(status=Notice.Status.APPROVED, send_after__lte=at)  # type: ignore[return-value]

    def open(self) -> NoticeQuerySet:
        """Sent, and not all locations are removed."""
        return self.filter(status=Notice.Status.SENT)  # type: ignore[return-value]


class Notice(Leased):
    """A removal request (삭제요청): one per case and host, listing all its addresses."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        APPROVED = "approved", _("Approved, leaves soon")
        BY_HAND = "by_hand", _("To be handed in")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent, waiting for removal")
        FAILED = "failed", _("Sending failed")
        UNCERTAIN = "uncertain", _("Perhaps sent: please decide")
        REMOVED = "removed", _("Removed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=24, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    site = models.ForeignKey(HostingSite, on_delete=models.PROTECT, related_name="notices")
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    follows = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="followed_by")
    status = models.CharField(max_length=9, choices=Status, default=Status.DRAFT)
    reason = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=7, choices=LETTER_LANGUAGES)
    subject = models.CharField(max_length=300)
    paragraphs = models.JSONField(default=list)  # [{"key", "text", "locked"}] as it will leave
    composed = models.JSONField(default=dict)  # subject and paragraphs as the compiler wrote them
    korean = models.JSONField(default=dict)  # the same paragraphs in Korean, for the officer
    statutes = models.JSONField(default=list)  # [{"code", "version"}]
    templates = models.JSONField(default=list)  # [{"key", "version"}] of the paragraphs it was composed from
    police_reference = models.CharField(max_length=80, blank=True)
    without_police_report = models.BooleanField(default=False)  # then no statute is cited that asks for one
    addition = models.TextField(blank=True)
    deadline_hours = models.PositiveIntegerField(null=True, blank=True)
    found_at = models.DateTimeField()
    drafted_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="approved_notices"
    )
    approved_digest = models.CharField(max_length=71, blank=True)
    message = models.BinaryField(default=b"", editable=False)  # the exact MIME message that was approved
    message_id = models.CharField(max_length=200, blank=True)
    send_after = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("removal request")
        verbose_name_plural = _("removal requests")
        ordering = ["drafted_at"]

    def __str__(self) -> str:
        return self.reference


class LocationQuerySet(LeasedQuerySet):
    def to_check(self, at: datetime) -> LocationQuerySet:
        return self.free(at).filter(  # type: ignore[return-value]
            notice__status__in=[Notice.Status.SENT, Notice.Status.REMOVED], next_check_at__lte=at
        )


class Location(Leased):
    """One address in a notice, and what is known of it."""

    class Status(models.TextChoices):
        UP = "up", _("Still there")
        ABSENT_ONCE = "absent", _("Absent, seen once")
        REMOVED = "removed", _("Removed at the source")
        REPLACED = "replaced", _("Something else is there now")
        MOVED = "moved", _("Moved to another address")
        LOGIN_WALLED = "login", _("Behind a log-in")
        GEO_WALLED = "geo", _("Closed to visitors from here")
        BLOCKED_KR = "blocked", _("Blocked in Korea, not removed")
        DELISTED = "delisted", _("Not listed by the search engine any more")
        UNREACHABLE = "unreachable", _("Not reachable")

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="locations")
    match = models.OneToOneField(Match, on_delete=models.PROTECT, related_name="location")
    page_url = models.TextField()
    media_url = models.TextField()
    status = models.CharField(max_length=12, choices=Status, default=Status.UP)
    next_check_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    window = models.PositiveSmallIntegerField(default=0)  # counts up when it comes back after a removal
    decided_at = models.DateTimeField(null=True, blank=True)  # an officer said what is there now
    media_head = models.CharField(
        max_length=71, blank=True
    )  # digest of the first bytes when it was last known to be it

    objects = LocationQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]


class Delivery(models.Model):
    """One attempt to hand a notice over. Written as 'sending' before the first byte leaves."""

    class Status(models.TextChoices):
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Handed over")
        FAILED = "failed", _("Failed")
        UNCERTAIN = "uncertain", _("Uncertain")

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="deliveries")
    status = models.CharField(max_length=9, choices=Status, default=Status.SENDING)
    recipient = models.CharField(max_length=300)
    message_id = models.CharField(max_length=200)
    answer = models.CharField(max_length=300, blank=True)
    permanent = models.BooleanField(default=False)
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["began_at"]


class RemovalCheck(models.Model):
    """One probe of one address, kept with its capture."""

    class Outcome(models.TextChoices):
        UP = "up", _("Still there")
        ABSENT = "absent", _("Absent")
        REPLACED = "replaced", _("Something else is there now")
        MOVED = "moved", _("Moved to another address")
        LOGIN_WALLED = "login", _("Behind a log-in")
        GEO_WALLED = "geo", _("Closed to visitors from here")
        BLOCKED_KR = "blocked", _("Blocked in Korea, not removed")
        DELISTED = "delisted", _("Not listed by the search engine any more")
        UNREACHABLE = "unreachable", _("Not reachable")

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="checks")
    outcome = models.CharField(max_length=12, choices=Outcome)
    http_status = models.PositiveSmallIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    capture = models.ForeignKey(Capture, null=True, blank=True, on_delete=models.PROTECT, related_name="checks")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("removal check")
        verbose_name_plural = _("removal checks")
        ordering = ["at"]


class Reveal(models.Model):
    """An officer looked at an unblurred frame: counted, for the officer's own sake."""

    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reveals")
    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="reveals")
    seconds = models.FloatField(default=0)
    at = models.DateTimeField(default=timezone.now)


# The models of the inbox and of the ladder stand in rooms of their own; Django looks for them here.
from takedown.answer_models import HostAnswer  # noqa: E402, F401
from takedown.channels.models import ChannelKey, FormRun, HandDelivery, Playbook  # noqa: E402, F401
from takedown.directory.models import ContactChange, DirectoryEntry, Lookup, Suggestion  # noqa: E402, F401
from takedown.inbox.models import InboundMail, Mailbox  # noqa: E402, F401
from takedown.ladder_models import Asked, SiteLadder, Step  # noqa: E402, F401
