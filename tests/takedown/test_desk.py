"""Jiwoo at her desk: what waits, what she may look at, what she changes, and what leaves in her name."""

from __future__ import annotations

import io
import re
import time
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from PIL import Image

from cases import terms
from cases.capture import add_part
from cases.models import Capture, Case, User
from cases.uploads import STAFF_MAX_BYTES
from detection.models import Match
from takedown import frames, notices
from takedown.inbox.models import InboundMail
from takedown.message import digest_of
from takedown.models import Contact, HostingSite, Location, Notice, Reveal
from takedown.urls import urlpatterns
from tests.base import Cast, make_case
from tests.takedown import directory_scene, scene

pytestmark = pytest.mark.django_db
S = Notice.Status
OWN_WORDS = "Every hour counts.\nPlease act today."


@pytest.fixture(autouse=True)
def lawbook(db: None) -> None:
    scene.lay_lawbook()


@pytest.fixture
def draft(cast: Cast) -> Notice:
    scene.make_site()
    return scene.make_draft(cast.case)


@pytest.fixture
def looked_at(cast: Cast) -> Match:
    """Perhaps the same material, with one preserved pair of frames."""
    return make_look(cast.case)


def make_look(case: Case, **fields: Any) -> Match:
    capture = make_capture(case, facts={"frames": [{"found_seconds": 3.5, "evidence_seconds": 2.5}]})
    for side in frames.SIDES:
        add_part(capture, f"frame-1-{side}.jpg", sharp_jpeg(), "image/jpeg", "engine")
    return scene.make_match(case, capture=capture, **{"verdict": Match.Verdict.REVIEW, **fields})


def make_capture(case: Case, **fields: Any) -> Capture:
    told = {"status": Capture.Status.COMPLETE, "method": Capture.Method.HTTP, "captured_at": timezone.now()}
    return Capture.objects.create(case=case, url="https://tube.example/watch/1", **{**told, **fields})


def sharp_jpeg() -> bytes:
    """Red and blue squares of eight pixels: coloured, and full of edges."""
    squares = (numpy.indices((180, 320)) // 8).sum(axis=0) % 2
    colours = numpy.array([[230, 20, 20], [20, 20, 230]], dtype=numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(colours[squares]).save(out, "JPEG", quality=92)
    return out.getvalue()


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def jiwoo(cast: Cast) -> Client:
    return as_user(cast.jiwoo)


def at(name: str, *args: Any) -> str:
    return reverse(f"takedown:{name}", args=args)


def text_of(response: Any) -> str:
    return str(response.content.decode())


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def pixels(response: Any) -> Any:
    with Image.open(io.BytesIO(response.content)) as picture:
        return numpy.asarray(picture.convert("RGB"), dtype=float)


# --- who may come in ---------------------------------------------------------------------------------------------
def every_page(case: Case) -> dict[str, tuple[str, str]]:
    """Each page of the desk, by name: how it is asked for, and its address."""
    scene.make_site()
    letter, match = scene.make_draft(case), make_look(case)
    row = Reveal.objects.create(officer=case.officer, match=match)
    pages = {name: ("get", at(name)) for name in ("desk", "queue", "sent")}
    pages["review"] = ("get", at("review", match.pk))
    pages["frame"] = ("get", at("frame", match.pk, 1, "found"))
    pages["reveal"] = ("post", at("reveal", match.pk, 1))
    pages["reveal_ended"] = ("post", at("reveal_ended", match.pk, row.pk))
    pages["report"] = ("get", at("report", match.capture_id))
    pages["bundle"] = ("get", at("bundle", match.pk))
    pages |= {name: ("post", at(name, match.pk)) for name in ("accept", "dismiss", "capture_upload")}
    pages |= {name: ("get", at(name, letter.pk)) for name in ("notice", "message")}
    pages |= {
        name: ("post", at(name, letter.pk))
        for name in ("language", "police", "approve", "undo", "decide", "skip", "answered")
    }
    pages["replaced"] = ("post", at("replaced", letter.pk, letter.locations.get().pk))
    pages |= {"answers_of": ("get", at("answers_of", letter.site_id)), "cost": ("get", at("cost", case.pk))}
    term = terms.add(case, "handle", "blue_stone")
    pages["terms"] = ("get", at("terms", case.pk))
    pages |= {name: ("post", at(name, case.pk)) for name in ("show_terms", "add_term")}
    pages |= {name: ("post", at(name, case.pk, term.pk)) for name in ("remove_term", "tick_sites")}
    pages["printed"] = ("get", at("printed", letter.pk, "txt"))
    pages |= {name: ("get", at(name)) for name in ("contacts", "replies", "answers", "transparency", *OF_LISTS)}
    pages["notice_replies"] = ("get", at("notice_replies", letter.pk))
    pages |= {name: ("get", at(name, letter.pk)) for name in ("hand_in", "posted")}
    pages |= {name: ("post", at(name, letter.pk)) for name in ("form_rehearse", "form_press")}
    pages["form_picture"] = ("get", at("form_picture", letter.pk, 1))
    pages["channel_keys"] = ("get", at("channel_keys"))
    by_form = scene.make_site("form.example").contacts.create(channel="form", address="https://form.example/report")
    pages["playbook"] = ("get", at("playbook", by_form.pk))
    pages["reply_read"] = ("post", at("reply_read", InboundMail.objects.create(notice=letter, kind="reply").pk))
    return pages | directory_scene.every_page(letter.site)


OF_EVERYBODY = {"contacts", "site", "answers", "answers_of"}
OF_LEADS = {"transparency"}
OF_LISTS = {"contacts_export", "contacts_import", "letters_missing", "letters_preview"}
OF_ADMINS = {*OF_LISTS, "contact_edit", "channel_keys", "playbook"}
OF_THE_HOUSE = {"desk", "queue", "sent", "replies"}
OF_ONE_CASE = {
    "review", "frame", "reveal", "reveal_ended", "report", "accept", "dismiss", "capture_upload", "bundle",
    "notice", "message", "language", "police", "approve", "undo", "decide", "printed",
    "notice_replies", "reply_read", "skip", "answered", "replaced", "cost",
    "hand_in", "posted", "form_rehearse", "form_press", "form_picture",
    "terms", "show_terms", "add_term", "remove_term", "tick_sites",
}  # fmt: skip
EVERY_PAGE = sorted(OF_EVERYBODY | OF_ADMINS | OF_THE_HOUSE | OF_LEADS | OF_ONE_CASE | directory_scene.CLICKS)


def test_no_page_of_the_desk_is_left_out_here() -> None:
    assert sorted(pattern.name for pattern in urlpatterns) == EVERY_PAGE


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_it_requires_a_sign_in(cast: Cast, name: str) -> None:
    method, url = every_page(cast.case)[name]
    response = getattr(Client(), method)(url)
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", sorted(OF_THE_HOUSE | OF_ONE_CASE))
def test_it_requires_an_officer(cast: Cast, name: str) -> None:
    method, url = every_page(cast.case)[name]
    for user in (cast.hana, cast.yuna):
        assert getattr(as_user(user), method)(url).status_code == 403


@pytest.mark.parametrize("name", sorted(OF_ONE_CASE))
def test_it_requires_the_officer_of_the_case_and_tells_others_nothing(cast: Cast, name: str) -> None:
    method, url = every_page(cast.case)[name]
    assert getattr(as_user(cast.minho), method)(url).status_code == 404


@pytest.mark.parametrize("name", sorted(OF_ADMINS))
def test_it_requires_an_administrator(cast: Cast, name: str) -> None:
    method, url = every_page(cast.case)[name]
    assert getattr(as_user(cast.hana), method)(url).status_code == 200
    for user in (cast.jiwoo, cast.sora, cast.yuna):
        assert getattr(as_user(user), method)(url).status_code == 403


CLICKS = ["reveal", "reveal_ended", "accept", "dismiss", "language", "police", "approve", "undo", "decide"]


@pytest.mark.parametrize("name", CLICKS)
def test_it_requires_a_click_and_not_only_a_link(cast: Cast, name: str) -> None:
    _method, url = every_page(cast.case)[name]
    assert as_user(cast.jiwoo).get(url).status_code == 405


# --- the queue ---------------------------------------------------------------------------------------------------
def test_jiwoo_sees_her_letters_oldest_first_with_the_clock(jiwoo: Client, cast: Cast) -> None:
    now = timezone.now()
    for host, seconds in (("new.example", 8), ("old.example", 200)):
        scene.make_site(host)
        scene.make_match(cast.case, host=host, found_at=now - timedelta(seconds=seconds))
    notices.draft_due(now)
    page = text_of(jiwoo.get(at("desk")))
    assert page.index("old.example") < page.index("new.example")
    [clock_of_old, clock_of_new] = re.findall(r'<span class="clock">([^<]+)</span>', page)
    assert clock_of_old.startswith("3 min 2")
    assert clock_of_new in {"8 s", "9 s", "10 s", "11 s", "12 s"}


@pytest.mark.parametrize("name", ["desk", "queue"])
def test_jiwoo_does_not_see_what_waits_for_minho(jiwoo: Client, cast: Cast, draft: Notice, name: str) -> None:
    other = make_case("A-2", cast.minho)
    his, look = scene.make_draft(other), make_look(other)
    page = text_of(jiwoo.get(at(name)))
    assert draft.reference in page
    assert his.reference not in page
    assert str(look.pk) not in page
    assert other.alias not in page


def test_sora_the_lead_sees_both(cast: Cast, draft: Notice) -> None:
    his = scene.make_draft(make_case("A-2", cast.minho))
    page = text_of(as_user(cast.sora).get(at("desk")))
    assert draft.reference in page
    assert his.reference in page


def test_jiwoo_finds_a_match_she_should_look_at_until_she_has_decided(jiwoo: Client, looked_at: Match) -> None:
    url = at("review", looked_at.pk)
    assert url in text_of(jiwoo.get(at("queue")))
    jiwoo.post(at("dismiss", looked_at.pk))
    assert url not in text_of(jiwoo.get(at("queue")))


def test_jiwoo_finds_what_left_on_the_page_of_sent_letters(jiwoo: Client, cast: Cast) -> None:
    scene.make_site()
    letter = scene.make_sent(cast.case)
    assert letter.reference in text_of(jiwoo.get(at("sent")))
    assert letter.reference not in text_of(jiwoo.get(at("desk")))


def test_jiwoo_filters_for_what_needs_a_decision(jiwoo: Client, draft: Notice) -> None:
    assert draft.reference not in text_of(jiwoo.get(at("desk"), {"show": "trouble"}))
    Notice.objects.update(status=S.UNCERTAIN)
    assert draft.reference in text_of(jiwoo.get(at("desk"), {"show": "trouble"}))


# --- looking -----------------------------------------------------------------------------------------------------
def test_the_page_of_a_match_holds_no_clear_pixel(jiwoo: Client, looked_at: Match) -> None:
    page = text_of(jiwoo.get(at("review", looked_at.pk)))
    sources = re.findall(r'<img src="([^"]+)"[^>]*data-side', page)
    assert sources == [at("frame", looked_at.pk, 1, side) for side in frames.SIDES]
    assert "token=" not in page
    assert "data:image" not in page
    assert not Reveal.objects.exists()


@pytest.mark.parametrize("side", frames.SIDES)
def test_a_frame_is_grey_and_its_shapes_are_gone(jiwoo: Client, looked_at: Match, side: str) -> None:
    shown = pixels(jiwoo.get(at("frame", looked_at.pk, 1, side)))
    with Image.open(io.BytesIO(sharp_jpeg())) as picture:
        clear = numpy.asarray(picture.convert("RGB"), dtype=float)
    assert shown.shape == clear.shape
    assert numpy.ptp(shown, axis=2).max() == 0, "colour is left"
    assert numpy.abs(shown - clear).mean() > 40
    assert edges(shown) < 0.2 * edges(clear), "edges are left"


def edges(picture: Any) -> float:
    return float(numpy.abs(numpy.diff(picture, axis=1)).mean())


def test_a_made_up_token_opens_nothing(jiwoo: Client, looked_at: Match) -> None:
    url = at("frame", looked_at.pk, 1, "found")
    assert jiwoo.get(url, {"token": "x:y:z"}).content == frames.blurred(sharp_jpeg())


def test_a_look_is_counted_before_the_frames_open(jiwoo: Client, cast: Cast, looked_at: Match) -> None:
    answer = jiwoo.post(at("reveal", looked_at.pk, 1)).json()
    row = Reveal.objects.get()
    entry = cast.case.custody.last()
    assert (row.officer, row.match) == (cast.jiwoo, looked_at)
    assert (entry.act, entry.subject) == ("revealed", f"match:{looked_at.pk}")
    for side in frames.SIDES:
        assert jiwoo.get(answer[side]).content == sharp_jpeg()


def test_a_clear_frame_stays_in_no_cache(jiwoo: Client, looked_at: Match) -> None:
    response = jiwoo.get(jiwoo.post(at("reveal", looked_at.pk, 1)).json()["found"])
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_pair_that_was_not_kept_is_not_counted_as_a_look(jiwoo: Client, looked_at: Match) -> None:
    assert jiwoo.post(at("reveal", looked_at.pk, 2)).status_code == 404
    assert not Reveal.objects.exists()


def test_a_copy_that_was_gone_leaves_the_evidence_to_look_at(jiwoo: Client, looked_at: Match) -> None:
    looked_at.capture.parts.filter(name="frame-1-found.jpg").delete()
    page = text_of(jiwoo.get(at("review", looked_at.pk)))
    answer = jiwoo.post(at("reveal", looked_at.pk, 1)).json()
    assert at("frame", looked_at.pk, 1, "found") not in page
    assert "Not kept: the media was gone" in page
    assert set(answer) == {"evidence", "ended"}
    assert jiwoo.get(answer["evidence"]).content == sharp_jpeg()


def test_a_look_opens_this_pair_only(jiwoo: Client, cast: Cast, looked_at: Match) -> None:
    other = make_look(cast.case)
    for side in frames.SIDES:
        add_part(looked_at.capture, f"frame-2-{side}.jpg", sharp_jpeg(), "image/jpeg", "engine")
    token = jiwoo.post(at("reveal", looked_at.pk, 1)).json()["found"].partition("token=")[2]
    for url in (at("frame", looked_at.pk, 2, "found"), at("frame", other.pk, 1, "found")):
        assert jiwoo.get(f"{url}?token={token}").content == frames.blurred(sharp_jpeg())


def test_a_look_is_over_after_seconds(jiwoo: Client, looked_at: Match, monkeypatch: pytest.MonkeyPatch) -> None:
    url = jiwoo.post(at("reveal", looked_at.pk, 1)).json()["found"]
    late = time.time() + frames.REVEAL_SECONDS + 1
    monkeypatch.setattr("django.core.signing.time", SimpleNamespace(time=lambda: late))
    assert jiwoo.get(url).content == frames.blurred(sharp_jpeg())


def test_jiwoos_open_look_shows_nothing_to_anybody_else(jiwoo: Client, cast: Cast, looked_at: Match) -> None:
    url = jiwoo.post(at("reveal", looked_at.pk, 1)).json()["found"]
    assert as_user(cast.minho).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    sora = as_user(cast.sora).get(url)
    assert sora.content == frames.blurred(sharp_jpeg()), "the lead's own look would not be counted"


@pytest.mark.parametrize(("passed", "kept"), [(2.5, 2.5), (60, 10)])
def test_a_look_is_kept_as_long_as_it_lasted_but_never_above_ten_seconds(
    jiwoo: Client, looked_at: Match, monkeypatch: pytest.MonkeyPatch, passed: float, kept: float
) -> None:
    ended = jiwoo.post(at("reveal", looked_at.pk, 1)).json()["ended"]
    row = Reveal.objects.get()
    monkeypatch.setattr("django.utils.timezone.now", lambda: row.at + timedelta(seconds=passed))
    assert jiwoo.post(ended).status_code == 204
    row.refresh_from_db()
    assert row.seconds == pytest.approx(kept)


def test_sora_cannot_end_jiwoos_look(jiwoo: Client, cast: Cast, looked_at: Match) -> None:
    ended = jiwoo.post(at("reveal", looked_at.pk, 1)).json()["ended"]
    assert as_user(cast.sora).post(ended).status_code == 404


# --- judging -----------------------------------------------------------------------------------------------------
def test_what_jiwoo_dismisses_stands_in_no_letter(jiwoo: Client, cast: Cast) -> None:
    scene.make_site()
    match = make_look(cast.case, verdict=Match.Verdict.CONFIRMED)
    jiwoo.post(at("dismiss", match.pk))
    assert notices.draft_due(timezone.now()) == []
    assert not Location.objects.exists()
    assert cast.case.custody.last().act == "dismissed"


def test_what_stands_in_a_letter_is_not_dismissed(jiwoo: Client, draft: Notice) -> None:
    match = Match.objects.get()
    response = jiwoo.post(at("dismiss", match.pk), follow=True)
    match.refresh_from_db()
    assert match.status == Match.Status.CAPTURED
    assert "It stands in a letter already." in text_of(response)


def test_what_jiwoo_accepts_is_drafted_by_the_next_sweep(jiwoo: Client, looked_at: Match) -> None:
    scene.make_site()
    assert notices.draft_due(timezone.now()) == []
    jiwoo.post(at("accept", looked_at.pk))
    [letter] = notices.draft_due(timezone.now())
    assert letter.locations.get().match == looked_at


def test_what_was_dismissed_is_not_said_to_be_drafted(jiwoo: Client, looked_at: Match) -> None:
    jiwoo.post(at("dismiss", looked_at.pk))
    response = jiwoo.post(at("accept", looked_at.pk))
    looked_at.refresh_from_db()
    assert looked_at.accepted_at is None
    assert told(response)[-1] == "It was dismissed already."


# --- the letter --------------------------------------------------------------------------------------------------
def form_of(jiwoo: Client, letter: Notice) -> dict[str, str]:
    """What a browser would post back: every field, with the line ends of a browser."""
    form = jiwoo.get(at("notice", letter.pk)).context["form"]
    return {name: str(form[name].value() or "").replace("\n", "\r\n") for name in form.fields}


def test_the_foreign_and_the_korean_text_stand_side_by_side(jiwoo: Client, draft: Notice) -> None:
    page = text_of(jiwoo.get(at("notice", draft.pk)))
    blocks = re.split(r'id="paragraph-', page)[1:]
    korean = {row["key"]: row["text"] for row in draft.korean["paragraphs"]}
    assert [block.partition('"')[0] for block in blocks] == [row["key"] for row in draft.paragraphs]
    for row, block in zip(draft.paragraphs, blocks, strict=True):
        for text in (row["text"], korean[row["key"]]):
            assert first_words(text) in block, row["key"]


def first_words(text: str) -> str:
    return escape(text.strip().split("\n")[0])[:40]


def test_jiwoos_sentence_is_kept_and_stands_in_the_message(jiwoo: Client, draft: Notice) -> None:
    fields = {**form_of(jiwoo, draft), "paragraph_damage": OWN_WORDS, "addition": "Mirrors too, please."}
    response = jiwoo.post(at("notice", draft.pk), fields, follow=True)
    draft.refresh_from_db()
    texts = {row["key"]: row["text"] for row in draft.paragraphs}
    assert texts["damage"] == OWN_WORDS
    assert "Mirrors too, please." in texts["free_text"]
    assert "Saved. Nothing has been sent." in text_of(response)
    assert OWN_WORDS.splitlines()[1] in text_of(jiwoo.get(at("message", draft.pk)))


def test_saving_without_a_change_changes_nothing(jiwoo: Client, draft: Notice) -> None:
    before = notices.text_digest(draft)
    response = jiwoo.post(at("notice", draft.pk), form_of(jiwoo, draft), follow=True)
    draft.refresh_from_db()
    assert notices.text_digest(draft) == before
    assert "is-changed" not in text_of(response)


def test_a_locked_sentence_has_no_field_and_posting_one_changes_nothing(jiwoo: Client, draft: Notice) -> None:
    before = [row for row in draft.paragraphs if row["locked"]]
    fields = form_of(jiwoo, draft)
    assert before
    assert not {f"paragraph_{row['key']}" for row in before} & set(fields)
    forged = {f"paragraph_{row['key']}": "No law says so." for row in before}
    jiwoo.post(at("notice", draft.pk), {**fields, **forged})
    draft.refresh_from_db()
    assert [row for row in draft.paragraphs if row["locked"]] == before
    assert "No law says so." not in text_of(jiwoo.get(at("message", draft.pk)))


def test_words_that_name_the_person_are_not_kept_and_the_page_says_why(jiwoo: Client, draft: Notice) -> None:
    fields = {**form_of(jiwoo, draft), "addition": f"This is about {draft.case.alias}."}
    response = jiwoo.post(at("notice", draft.pk), fields)
    draft.refresh_from_db()
    assert draft.addition == ""
    assert "Your words name the person or the case." in text_of(response)


def test_words_that_were_not_kept_cannot_be_taken_for_the_ones_approved(jiwoo: Client, draft: Notice) -> None:
    fields = {**form_of(jiwoo, draft), "subject": "No reference", "paragraph_damage": OWN_WORDS}
    response = jiwoo.post(at("notice", draft.pk), fields)
    assert OWN_WORDS.splitlines()[0] in text_of(response)
    assert approve_button(response).endswith("disabled>")
    assert "Your changes are not saved yet." in text_of(response)


def approve_button(response: Any) -> str:
    [button] = re.findall(r'<button class="btn btn-primary btn-lg"[^>]*>', text_of(response))
    return str(button)


def test_jiwoo_has_the_letter_composed_in_another_language(jiwoo: Client, draft: Notice) -> None:
    jiwoo.post(at("language", draft.pk), {"language": "ja"})
    draft.refresh_from_db()
    assert draft.language == "ja"
    assert jiwoo.post(at("language", draft.pk), {"language": "tlh"}).status_code == 404


# --- approval ----------------------------------------------------------------------------------------------------
def seen_on(jiwoo: Client, letter: Notice) -> str:
    page = text_of(jiwoo.get(at("notice", letter.pk)))
    [seen] = re.findall(r'name="seen" value="([^"]+)"', page)
    return str(seen)


def approved(jiwoo: Client, letter: Notice, **fields: str) -> Any:
    fields = fields or {"seen": seen_on(jiwoo, letter)}
    response = jiwoo.post(at("approve", letter.pk), fields, follow=True)
    letter.refresh_from_db()
    return response


def test_exactly_the_previewed_message_is_approved(
    jiwoo: Client, cast: Cast, draft: Notice, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    previewed = jiwoo.get(at("message", draft.pk)).content
    approved(jiwoo, draft)
    assert (draft.status, draft.approved_by) == (S.APPROVED, cast.jiwoo)
    assert bytes(draft.message) == previewed
    assert draft.approved_digest == digest_of(previewed)


def test_the_approved_message_is_the_one_shown_afterwards(jiwoo: Client, draft: Notice) -> None:
    approved(jiwoo, draft)
    assert jiwoo.get(at("message", draft.pk)).content == bytes(draft.message)


def test_the_message_is_plain_text_that_no_browser_guesses_about(jiwoo: Client, draft: Notice) -> None:
    response = jiwoo.get(at("message", draft.pk))
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert message_from_bytes(response.content, policy=SMTP)["To"] == "abuse@tube.example"


def test_a_text_jiwoo_has_not_seen_is_refused_in_a_sentence(jiwoo: Client, cast: Cast, draft: Notice) -> None:
    seen = seen_on(jiwoo, draft)
    scene.make_match(cast.case)
    notices.draft_due(timezone.now())
    response = approved(jiwoo, draft, seen=seen)
    assert draft.status == S.DRAFT
    assert "The letter has changed since you opened it. Please read it again." in text_of(response)


@pytest.mark.parametrize("fields", [{"other": "1"}, {"seen": ""}])
def test_an_approval_that_does_not_say_what_was_seen_is_refused(
    jiwoo: Client, draft: Notice, fields: dict[str, str]
) -> None:
    approved(jiwoo, draft, **fields)
    assert draft.status == S.DRAFT


def test_a_letter_without_a_contact_cannot_be_approved_and_the_reason_stands_there(jiwoo: Client, cast: Cast) -> None:
    HostingSite.objects.create(domain="tube.example", name="Tube", jurisdiction="US")
    letter = scene.make_draft(cast.case)
    page = jiwoo.get(at("notice", letter.pk))
    sentence = "This hosting site has no contact that can be mailed. An administrator adds one."
    assert approve_button(page).endswith("disabled>")
    assert sentence in text_of(page)
    assert sentence in text_of(approved(jiwoo, letter))
    assert sentence in text_of(jiwoo.get(at("message", letter.pk), follow=True))
    assert letter.status == S.DRAFT


def test_a_complete_letter_has_its_button(jiwoo: Client, draft: Notice) -> None:
    assert "disabled" not in approve_button(jiwoo.get(at("notice", draft.pk)))


def test_jiwoo_takes_it_back_within_the_window(jiwoo: Client, draft: Notice) -> None:
    approved(jiwoo, draft)
    assert at("undo", draft.pk) in text_of(jiwoo.get(at("notice", draft.pk)))
    response = jiwoo.post(at("undo", draft.pk), follow=True)
    draft.refresh_from_db()
    assert (draft.status, bytes(draft.message)) == (S.DRAFT, b"")
    assert "Taken back. Nothing was sent." in text_of(response)


def test_a_letter_that_has_left_is_not_taken_back(jiwoo: Client, cast: Cast) -> None:
    scene.make_site()
    letter = scene.make_sent(cast.case)
    response = jiwoo.post(at("undo", letter.pk), follow=True)
    letter.refresh_from_db()
    assert letter.status == S.SENT
    assert "Too late" in text_of(response)


@pytest.mark.parametrize(("answer", "state"), [("yes", S.SENT), ("no", S.DRAFT)])
def test_jiwoo_settles_a_letter_that_was_perhaps_sent(jiwoo: Client, draft: Notice, answer: str, state: str) -> None:
    approved(jiwoo, draft)
    Notice.objects.update(status=S.UNCERTAIN)
    assert at("decide", draft.pk) in text_of(jiwoo.get(at("notice", draft.pk)))
    jiwoo.post(at("decide", draft.pk), {"sent": answer})
    draft.refresh_from_db()
    assert draft.status == state


def test_a_decision_without_an_answer_settles_nothing(jiwoo: Client, draft: Notice) -> None:
    Notice.objects.update(status=S.UNCERTAIN)
    assert jiwoo.post(at("decide", draft.pk)).status_code == 404
    draft.refresh_from_db()
    assert draft.status == S.UNCERTAIN


# --- contacts ----------------------------------------------------------------------------------------------------
def test_anyone_of_the_staff_reads_the_contacts(cast: Cast) -> None:
    scene.make_site()
    for user in (cast.jiwoo, cast.minho, cast.sora, cast.hana, cast.yuna):
        page = text_of(as_user(user).get(at("contacts")))
        assert "abuse@tube.example" in page
        assert (at("contacts_import") in page) == (user == cast.hana)


def test_hana_takes_the_directory_out(cast: Cast) -> None:
    scene.make_site()
    response = as_user(cast.hana).get(at("contacts_export"))
    assert response.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in response.headers["Content-Disposition"]
    assert b"abuse@tube.example" in response.content


def uploaded(user: User, content: bytes, **fields: str) -> Any:
    """Through the form as a browser sends it, with the token of the page."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    page = text_of(client.get(at("contacts_import")))
    [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.partition("multipart")[2]))
    file = SimpleUploadedFile("contacts.csv", content, "text/csv")
    return client.post(at("contacts_import"), {"csrfmiddlewaretoken": token, "file": file, **fields})


ROW = b"domain,name,jurisdiction,language,channel,address\nnew.example,New,US,en,email,abuse@new.example\n"


def test_hana_reads_a_file_in_and_sees_first_what_it_would_do(cast: Cast) -> None:
    page = text_of(uploaded(cast.hana, ROW))
    assert "Dry run: nothing was changed" in page
    assert "1 new, 0 changed, 0 as before." in page
    assert not HostingSite.objects.exists()


def test_hana_applies_the_file(cast: Cast) -> None:
    page = text_of(uploaded(cast.hana, ROW, apply="on"))
    assert "Applied" in page
    assert Contact.objects.get().address == "abuse@new.example"


def test_a_wrong_row_is_named_on_the_page(cast: Cast) -> None:
    page = text_of(uploaded(cast.hana, ROW.replace(b",US,", b",ZZ,"), apply="on"))
    assert "Row 2: " in page
    assert not HostingSite.objects.exists()


def test_a_file_that_is_too_large_is_named_as_such(cast: Cast) -> None:
    page = text_of(uploaded(cast.hana, ROW + b"\n" * STAFF_MAX_BYTES, apply="on"))
    assert "The file is larger than" in page
    assert "Missing: domain" not in page
    assert not HostingSite.objects.exists()


# --- the report --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["ko", "en"])
def test_jiwoo_takes_the_report_of_her_own_capture_and_it_is_on_record(
    jiwoo: Client, cast: Cast, looked_at: Match, language: str
) -> None:
    response = jiwoo.get(at("report", looked_at.capture_id), {"lang": language})
    entry = cast.case.custody.last()
    assert response.content.startswith(b"%PDF-")
    assert response.headers["Content-Type"] == "application/pdf"
    assert "attachment" in response.headers["Content-Disposition"]
    assert (entry.act, entry.detail["language"]) == ("downloaded", language)


def test_minho_gets_no_report_and_nothing_is_recorded(cast: Cast, looked_at: Match) -> None:
    before = cast.case.custody.count()
    assert as_user(cast.minho).get(at("report", looked_at.capture_id)).status_code == 404
    assert cast.case.custody.count() == before


def test_a_capture_that_failed_has_no_report(jiwoo: Client, cast: Cast) -> None:
    capture = make_capture(cast.case, status=Capture.Status.FAILED)
    assert jiwoo.get(at("report", capture.pk)).status_code == 404


def test_what_cannot_be_unsealed_is_said_and_not_broken(jiwoo: Client, cast: Cast, looked_at: Match) -> None:
    cast.case.key.delete()
    assert jiwoo.get(at("frame", looked_at.pk, 1, "found")).status_code == 404
    add_blurred_page(looked_at)
    response = jiwoo.get(at("report", looked_at.capture_id))
    assert response.status_code == 302
    assert told(response) != []


def add_blurred_page(match: Match) -> None:
    """A row whose file nobody can open any more."""
    match.capture.parts.create(
        name="screenshot_blurred.png", media_type="image/png", digest=scene.DIGEST, size=1, how="browser"
    )
