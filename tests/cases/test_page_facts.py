"""What a page says of itself, read by rule, with the place it stood at. Tables: what is said, what is understood, why."""

from __future__ import annotations

import time

import pytest

from cases.languages import language_of
from cases.page_facts import GUESSED, READ, STATED, PageFact, missing_names, read_page_facts, visible_text
from cases.page_lines import parse_count, read_lines
from cases.posted_times import find_moment, read_moment

MOMENTS = [
    ("2026-03-01T20:30:15+09:00", "2026-03-01T20:30:15+09:00", "ISO with a zone"),
    ("2026-03-01T11:30:15Z", "2026-03-01T11:30:15Z", "ISO in UTC"),
    ("2026-03-01 20:30", "2026-03-01T20:30", "no zone is made up"),
    ("2026.03.01. 오후 8:30", "2026-03-01T20:30", "Korean board"),
    ("2026. 3. 1. 오전 12:05", "2026-03-01T00:05", "midnight in Korean"),
    ("2026년 3월 1일 20시 30분", "2026-03-01T20:30", "Korean in words"),
    ("2026년 3월 1일 (일) 오후 8:30:15", "2026-03-01T20:30:15", "with the day of the week"),
    ("2026年3月1日 20時30分", "2026-03-01T20:30", "Japanese"),
    ("令和8年3月1日", "2026-03-01", "Japanese era"),
    ("2026年3月1日 下午8:30", "2026-03-01T20:30", "Chinese"),
    ("1 марта 2026 г. в 20:30", "2026-03-01T20:30", "Russian"),
    ("1 мар. 2026, 20:30", "2026-03-01T20:30", "Russian, short"),
    ("01.03.2026 20:30", "2026-03-01T20:30", "dots: the day comes first"),
    ("March 1, 2026 8:30 PM", "2026-03-01T20:30", "English"),
    ("Posted on 1st Mar 2026 at 20:30 UTC", "2026-03-01T20:30Z", "English, short, with a zone"),
    ("1 de marzo de 2026", "2026-03-01", "Spanish"),
    ("1. März 2026", "2026-03-01", "German"),
    ("1 มีนาคม 2569", "2026-03-01", "Thai, Buddhist era"),
    ("25/03/2026", "2026-03-25", "only one order is possible"),
    ("1772364600", "2026-03-01T11:30:00Z", "seconds since 1970"),
    ("1772364600000", "2026-03-01T11:30:00Z", "milliseconds since 1970"),
]
AS_SAID = [
    ("3시간 전", "3시간 전"), ("어제 20:30", "어제 20:30"), ("3時間前に投稿", "3時間前"), ("3 часа назад", "3 часа назад"),
    ("вчера в 20:30", "вчера в 20:30"), ("Uploaded 2 days ago", "2 days ago"), ("03/04/2026", "03/04/2026"),
    ("26.03.01", "26.03.01"),
]  # fmt: skip
NO_DATES = ["2026-13-40", "12345678", "version 1.2.3", "192.168.10.20", "May the force", "", "전화 010-1234-5678"]
COUNTS = [
    ("1,234", 1234), ("1.2만", 12000), ("12만 3천", 123000), ("1 234 567", 1234567), ("3,4 тыс.", 3400),
    ("1.2M", 1_200_000), ("1.234", 1234), ("2억", 200_000_000), ("1.2万", 12000), ("7", 7), ("1.2", None), ("", None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "value", "why"), MOMENTS)
def test_a_date_is_read_in_the_shape_its_country_writes(said: str, value: str, why: str) -> None:
    moment = read_moment(said)
    assert moment, why
    assert (moment.value, moment.exact) == (value, True), why


@pytest.mark.parametrize(("said", "kept"), AS_SAID)
def test_a_relative_or_doubtful_time_stays_as_it_was_said(said: str, kept: str) -> None:
    moment = find_moment(said)
    assert moment
    assert (moment.value, moment.exact) == (kept, False)


def test_a_short_year_is_read_where_the_year_comes_first() -> None:
    moment = find_moment("26.03.01 20:30", "ko")
    assert moment
    assert moment.value == "2026-03-01T20:30"


@pytest.mark.parametrize("text", NO_DATES)
def test_a_number_is_not_taken_for_a_date(text: str) -> None:
    assert find_moment(text) is None


@pytest.mark.parametrize(("text", "number"), COUNTS)
def test_a_count_is_read_with_its_scale(text: str, number: int | None) -> None:
    assert parse_count(text) == number


# --- lines -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("작성자: 밤바다77 | 2026.03.01. 오후 8:30 | 조회수 1.2만 | 댓글 27",
         {"uploader": "밤바다77", "posted_at": "2026-03-01T20:30", "views": "12000", "comments": "27"}),
        ("Posted by nightsea77 on March 1, 2026 · 1,234 views · 27 comments",
         {"uploader": "nightsea77", "posted_at": "2026-03-01", "views": "1234", "comments": "27"}),
        ("投稿者：夜海　再生回数 1,234回　コメント 5件", {"uploader": "夜海", "views": "1234", "comments": "5"}),
        ("Автор: nochmor · 12 345 просмотров · 3 часа назад",
         {"uploader": "nochmor", "views": "12345", "posted_at": "3 часа назад"}),
        ("이 글의 작성자 본인이 원하면 언제든지 운영자에게 삭제를 요청할 수 있습니다", {}),
    ],
)  # fmt: skip
def test_a_line_is_read_by_the_words_beside_its_values(line: str, facts: dict[str, str]) -> None:
    assert {fact.name: fact.value for fact in read_lines([line])} == facts


def test_a_label_on_a_line_of_its_own_names_the_next_line() -> None:
    found = list(read_lines(["투고", "작성자", "밤바다77"]))
    assert [(fact.value, fact.number) for fact in found] == [("밤바다77", 3)]


# --- languages ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("이 영상은 신고되었습니다. 자세한 내용은 문의하세요.", "ko"), ("この動画は夜の海で撮影されました、ご確認ください", "ja"),
        ("这个视频已经被举报了请联系网站管理员处理谢谢大家配合", "zh"), ("Это видео было загружено вчера вечером", "ru"),
        ("Це відео було завантажено вчора їхнім автором", "uk"), ("the video and the page of this site is in English", "en"),
        ("วิดีโอนี้ถูกรายงานแล้วโปรดติดต่อผู้ดูแลระบบ", "th"), ("ok", ""), ("1234 5678 90 12 34", ""),
    ],
)  # fmt: skip
def test_the_letters_tell_the_language_or_nothing(text: str, language: str) -> None:
    assert language_of(text) == language


# --- whole pages -------------------------------------------------------------------------------------------------
STRUCTURED = """<html lang="en"><head><title>밤바다 - 사이트</title>
<meta property="og:title" content="밤바다 영상"><meta name="author" content="사이트 운영자">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
 {"@type": "BreadcrumbList", "name": "길"},
 {"@type": "VideoObject", "name": "밤바다 영상", "uploadDate": "2026-03-01T20:30:00+09:00",
  "author": {"@type": "Person", "name": "밤바다77"}, "commentCount": 27,
  "interactionStatistic": {"@type": "InteractionCounter", "interactionType": {"@type": "WatchAction"},
                           "userInteractionCount": "12345"}},
 {"@type": "ItemList", "itemListElement": [{"@type": "VideoObject", "name": "다른 영상", "author": "남"}]}]}</script>
</head><body><h1>밤바다 영상</h1><p>이 영상은 오늘 밤 바다에서 찍은 것이라고 합니다 여러분</p></body></html>"""
CARDS = """<html><body><aside><div class=card><span class=uploader>stranger</span><time datetime=2020-01-01>x</time></div>
</aside><main><h1>Clip</h1><p>Posted by <span class=uploader>sea77</span>, <time datetime="2026-03-01">1 March</time></p>
</main><div class=card><span class=uploader>another</span></div></body></html>"""


def read(html: str, ocr_lines: tuple[str, ...] = ()) -> list[PageFact]:
    return read_page_facts(html, visible_text(html), ocr_lines)


def best(facts: list[PageFact]) -> dict[str, PageFact]:
    return {fact.name: fact for fact in reversed(facts)}


def test_structured_statements_come_first_and_name_their_place() -> None:
    found = best(read(STRUCTURED))
    assert found["title"] == PageFact("title", "밤바다 영상", "json-ld:name", STATED)
    assert (found["uploader"].value, found["uploader"].place) == ("밤바다77", "json-ld:author")
    assert (found["posted_at"].value, found["views"].value) == ("2026-03-01T20:30:00+09:00", "12345")
    assert (found["comments"].value, found["comments"].place) == ("27", "json-ld:commentCount")


def test_values_that_contradict_each_other_stay_side_by_side() -> None:
    facts = read(STRUCTURED)
    assert [fact.value for fact in facts if fact.name == "uploader"][:2] == ["밤바다77", "사이트 운영자"]
    assert "남" not in {fact.value for fact in facts}


def test_a_page_that_calls_itself_english_but_is_not_is_told_by_its_letters() -> None:
    said = [(fact.value, fact.place, fact.certainty) for fact in read(STRUCTURED) if fact.name == "language"]
    assert said == [("ko", "letters of the text", READ), ("en", "html lang", READ)]


def test_a_card_of_another_video_does_not_lend_its_uploader() -> None:
    found = best(read(CARDS))
    assert (found["uploader"].value, found["uploader"].place) == ("sea77", "css .uploader")
    assert (found["posted_at"].value, found["posted_at"].place) == ("2026-03-01", "css time[datetime]")


def test_where_many_cards_carry_a_label_each_value_is_a_guess() -> None:
    alone = read_page_facts("", "조회수 12,345\n끝")
    cards = read_page_facts("", "\n".join(f"다른 영상 {number} 조회수 {number * 37}회" for number in range(1, 9)))
    assert [(fact.value, fact.certainty) for fact in alone] == [("12345", READ)]
    assert [(fact.value, fact.certainty) for fact in cards if fact.name == "views"][:2] == [
        ("37", GUESSED),
        ("74", GUESSED),
    ]


def test_what_stands_only_in_the_picture_is_a_guess_with_its_line() -> None:
    found = best(read("<canvas></canvas>", ("", "작성자: 밤바다77", "조회수 12")))
    assert (found["uploader"].place, found["uploader"].certainty) == ("ocr line 2", GUESSED)
    assert (found["views"].value, found["views"].place) == ("12", "ocr line 3")
    assert missing_names(found.values()) == {"title", "uploader", "posted_at"}


@pytest.mark.parametrize(
    "html",
    ["", "<html", '<script type="application/ld+json">{"@type": </script>', "<h1>" * 3000, "\0\0\0", "[" * 5000,
     f'<script type="application/ld+json">{"[" * 3000}{"]" * 3000}</script>',
     '<script type="application/ld+json">{"@type": "VideoObject", "name": {"a": 1}, "uploadDate": [], "author": [[]]}</script>'],
)  # fmt: skip
def test_a_hostile_page_gives_no_facts_and_no_trouble(html: str) -> None:
    assert [fact for fact in read(html) if fact.name not in {"title"}] == []


@pytest.mark.parametrize("piece", ["1", "1,1", " 1", "1 ма 2 ян", "Posted by ", "2026-1", "1 час "])
def test_a_page_written_to_be_slow_is_read_in_a_moment(piece: str) -> None:
    lines = "\n".join([piece * 300] * 3000)
    started = time.process_time()
    read_page_facts("", lines)
    assert time.process_time() - started < 5


def test_a_page_without_any_statement_gives_nothing_made_up() -> None:
    assert read("<p>hello</p>") == []
