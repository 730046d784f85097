"""Nothing of the person leaves (promise 2): 100 people, letters × languages × channels, everything that leaves is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from cases.models import Case
from takedown import drafting, notices, police_report, printing
from takedown.channels import post, registry
from takedown.drafting import write
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES
from takedown.lawbook import Lawbook
from takedown.letter_types import ADDRESSEES
from takedown.message import build_message
from takedown.models import Contact, HostingSite, Notice
from tests.base import Cast
from tests.takedown import canary, interfaces, scene
from tests.takedown.canary import Reader, Tokens
from tests.takedown.test_interfaces import enter_key

pytestmark = pytest.mark.django_db
C, S = Contact.Channel, Notice.Status
CONTENTS = ("filmed", "synthetic", "identifying", "minor")
PEOPLE = 100
ADDRESSES = {
    C.EMAIL: "abuse@{domain}", C.FORM: "https://{domain}/report", C.POST: "Legal Department; 1 Main Street; 10000 Town",
    C.CLOUDFLARE: "https://api.cloudflare.com/client/v4", C.AWS: "https://abuse.us-east-1.amazonaws.com",
}  # fmt: skip


class Town:
    """A site for every language and channel, an SMTP server, both interfaces; and the reader of all that leaves."""

    def __init__(self, cast: Cast, room: scene.Mailroom, offices: interfaces.Offices) -> None:
        self.cast, self.room, self.offices = cast, room, offices
        self.tokens = Tokens()
        self.reader = Reader(self.tokens)
        self.sites = {
            (channel, language): self._site(channel, language, number)
            for number, (channel, language) in enumerate((c, one) for c in ADDRESSES for one in LANGUAGES)
        }

    def _site(self, channel: str, language: str, number: int) -> HostingSite:
        domain = f"{channel}-{language.lower()}.example"
        site = HostingSite.objects.create(
            domain=domain, name=domain, language=language, jurisdiction=JURISDICTIONS[number % len(JURISDICTIONS)],
            addressee_type=ADDRESSEES[number % len(ADDRESSEES)],
        )  # fmt: skip
        self._contact(site, channel, 1)
        if channel in (C.CLOUDFLARE, C.AWS):
            self._contact(site, C.EMAIL, 2)  # where letters about minors go
        return site

    def _contact(self, site: HostingSite, channel: str, rank: int) -> None:
        address = ADDRESSES[C(channel)].format(domain=site.domain)
        Contact.objects.create(
            site=site, channel=channel, address=address, rank=rank, confirmed_at=timezone.now(), wants_xarf=True
        )

    def person(self, number: int, content: str) -> Case:
        minor = content == "minor"
        case = canary.take_in(self.tokens, number, self.cast.jiwoo, minor=minor, content="filmed" if minor else content)
        return case

    def draft(self, case: Case, site: HostingSite) -> Notice:
        match = scene.make_match(case, host=site.domain, reason=self.tokens.latin("a note on the match"))
        candidate = match.candidate
        candidate.title, candidate.uploader = canary.strangers_words(case)
        candidate.save()
        [notice] = notices.draft_for(case, site, [match])
        return notice

    def send(self, notice: Notice) -> None:
        """Approved by Jiwoo and on its way; what an officer hands in is read as it was approved."""
        if police_report.is_asked(notice):
            police_report.answer(notice, "BKK-7/2569", self.cast.jiwoo, without=False)
        notices.approve(notice, self.cast.jiwoo)
        if registry.goes_by_hand(notice):
            self.reader.read("by hand, approved values", bytes(notice.message))
            return
        scene.end_undo_window(notice)
        notices.send(notice.pk)
        notice.refresh_from_db()
        assert (notice.status, notice.reason) == (S.SENT, "")

    def read_what_left(self) -> None:
        for sender, (recipient, raw) in zip(self.room.senders, self.room.mails, strict=True):
            self.reader.read("mail, envelope", f"{sender} {recipient}")
            self.reader.read_mail(raw)
        for sent in self.offices.sent:
            self.reader.read_request(sent)
        self.room.mails, self.room.senders, self.offices.sent = [], [], []


@pytest.fixture
def town(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Town]:
    scene.lay_lawbook()
    # The lawbook knows no person; read once for each language instead of once for each letter.
    book = lru_cache(lambda language: drafting.lawbook_for(Notice(language=language)))
    plain: dict[str, Lawbook] = {language: book(language) for language in LANGUAGES}
    for place in ("drafting", "notices", "completeness", "printing"):
        monkeypatch.setattr(f"takedown.{place}.lawbook_for", lambda notice: plain[notice.language])
    with scene.Mailroom() as room, interfaces.opened(settings, monkeypatch, tmp_path) as offices:
        scene.mail_settings(room, settings)
        enter_key(C.CLOUDFLARE)
        enter_key(C.AWS)
        yield Town(cast, room, offices)


def test_nothing_of_a_hundred_people_leaves_by_any_channel_in_any_language(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    for number in range(PEOPLE):
        case = town.person(number, CONTENTS[number % 4])
        drafts = []
        for step, channel in enumerate(ADDRESSES):
            draft = town.draft(case, town.sites[channel, LANGUAGES[(number + 5 * step) % 12]])
            town.send(draft)
            drafts.append(draft)
        if number % 4 == number // 4 % 4:  # of each kind of content the same number
            _read_in_every_language(town, drafts[0])
        if number % 10 == 0:
            _read_on_paper(town, drafts)
        town.read_what_left()
    counts = town.reader.counts
    with capsys.disabled():
        print(f"\n{sum(counts.values())} artefacts of {PEOPLE} people, {len(town.tokens.fields)} tokens and "
              f"{len(town.tokens.uuids)} row numbers looked for, {time.monotonic() - started:.0f} s: {dict(counts)}")  # fmt: skip
    assert town.reader.found == []
    assert sum(counts.values()) >= 2000
    assert counts["mail, raw"] >= 400
    assert counts["request, body"] >= 100


def _read_in_every_language(town: Town, notice: Notice) -> None:
    """The same letter as it would leave by mail in each language; composed in memory."""
    for language in LANGUAGES:
        notice.language = language
        write(notice, keep_edits=False)
        town.reader.read_mail(build_message(notice, timezone.now()))


def _read_on_paper(town: Town, drafts: list[Notice]) -> None:
    for notice in drafts:
        notice.refresh_from_db()
        if notice.contact and notice.contact.channel == C.POST:
            town.reader.read_pdf(post.pdf(bytes(notice.message)))
        elif printing.has_form(notice):
            town.reader.read_pdf(printing.pdf_for(notice))


LEAKS = ["letter", "title", "postal address", "report", "case number"]


@pytest.mark.parametrize("leak", LEAKS)
def test_the_reader_finds_what_somebody_let_slip(town: Town, leak: str) -> None:
    """Each leak is made on purpose, in another channel and encoding."""
    case = town.person(0, "filmed")
    name = next(token for token, field in town.tokens.fields.items() if field.endswith(": pseudonym"))
    channel = {"postal address": C.POST, "report": C.CLOUDFLARE}.get(leak, C.EMAIL)
    notice = town.draft(case, town.sites[channel, "ko"])
    if leak == "title":
        notice.subject = f"{notice.subject} {name}"
    elif leak == "postal address":
        Contact.objects.filter(notices=notice).update(address=f"{name}; Street 1")
        notice.refresh_from_db()
    elif leak == "report":
        notice.reference = f"SG {name}"
    else:
        slip = str(case.pk) if leak == "case number" else name
        notice.paragraphs[0]["text"] += f" {slip}"
    message = registry.message_for(notice, timezone.now())
    if channel == C.EMAIL:
        town.reader.read_mail(message)
    elif channel == C.POST:
        town.reader.read_pdf(post.pdf(message))
    else:
        town.reader.read("request, body", message)
    assert town.reader.found != []


def test_the_reader_finds_a_strangers_words_were_they_repeated(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Titles and uploaders of the pages name the person in a hundred people's letters; leaving them out is what counts."""
    monkeypatch.setattr("takedown.letter_facts.telling_words", lambda case: [])
    notice = town.draft(town.person(0, "filmed"), town.sites[C.EMAIL, "ja"])
    town.reader.read_mail(registry.message_for(notice, timezone.now()))
    assert any("term" in whose for _kind, _token, whose in town.reader.found)
