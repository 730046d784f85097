"""What was stored in the language of the installation is read in the language of the reader."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils.translation import gettext, override

from cases.models import Evidence
from cases.spoken import said_again
from detection.outcomes import MEDIA_SENTENCES
from tests.base import Cast

PLAIN = "The file is empty."
CUT_OFF = "The file is cut off: only %(part)d of %(whole)d seconds could be decoded."
MISSING = "The medium is not available any more: %(why)s"


def stored(language: str, msgid: str, **put_in: object) -> str:
    with override(language):
        return gettext(msgid) % put_in if put_in else gettext(msgid)


@pytest.mark.parametrize(("spoken", "read"), [("ko", "en"), ("en", "ko"), ("ko", "ko"), ("en", "en")])
def test_a_sentence_is_read_in_the_readers_language(spoken: str, read: str) -> None:
    cut_off = {"part": 3, "whole": 90}
    with override(read):
        assert said_again(stored(spoken, PLAIN)) == gettext(PLAIN)
        assert said_again(stored(spoken, CUT_OFF, **cut_off)) == gettext(CUT_OFF) % cut_off


def test_a_sentence_within_a_sentence_is_said_again_too() -> None:
    inner = stored("ko", PLAIN)
    with override("en"):
        assert said_again(stored("ko", MISSING, why=inner)) == MISSING % {"why": PLAIN}


def test_two_sentences_after_one_another_are_said_each() -> None:
    two = f"{stored('ko', 'The letter came back.')} {stored('ko', PLAIN)}"
    with override("en"):
        assert said_again(two) == f"The letter came back. {PLAIN}"


@pytest.mark.parametrize(
    "written", ["", "지우가 직접 확인했습니다.", "550 5.1.1 no such user: %(x)s 100%", "a: b", "x" * 5000]
)
def test_what_people_and_servers_wrote_stays_as_it_is(written: str) -> None:
    with override("en"):
        assert said_again(written) == written


def test_every_sentence_about_a_medium_is_known_in_both_languages() -> None:
    for sentence in MEDIA_SENTENCES.values():
        with override("ko"):
            korean = str(sentence)
        with override("en"):
            assert said_again(korean) == str(sentence)


@pytest.mark.django_db
def test_jiwoo_reads_the_reason_in_her_language(client: Client, cast: Cast) -> None:
    Evidence.objects.create(case=cast.case, kind="video", status="unusable", reason=stored("ko", PLAIN))
    client.force_login(cast.jiwoo)
    assert PLAIN in client.get(f"/cases/{cast.case.pk}/").content.decode()
