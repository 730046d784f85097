"""What people write instead of a word: it is generated for searching, and it is found in a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.variants import Finder, Strength, folded, needles, variants

GENERATED = [
    ("딥페", "뒵페", "a vowel of the same sound"),
    ("딥페", "띱페", "a tense consonant"),
    ("딥페", "딮페", "a final of the same sound"),
    ("딥페", "딥패", "에 and 애"),
    ("야동", "얃옹", "the onset carried over"),
    ("귀여워", "커여워", "yaminjeongeum 귀 커"),
    ("명작", "띵작", "yaminjeongeum 명 띵"),
    ("대장", "머장", "yaminjeongeum 대 머"),
    ("유나리", "윾나리", "yaminjeongeum 유 윾"),
    ("팔도비빔면", "괄도네넴띤", "several look-alikes at once"),
    ("김민아", "ㄱㅁㅇ", "initials"),
    ("김민아", "김ㅁㅇ", "initials but for the family name"),
    ("김민아", "김 민아", "a blank"),
    ("김민아", "김1민1아", "digits between"),
    ("김민아", "ㄱㅣㅁㅁㅣㄴㅇㅏ", "letter by letter"),
    ("김민아", "kim mina", "romanised"),
    ("김민아", "mina gim", "romanised, given name first, by rule"),
    ("이서연", "rhee seoyeon", "a family name spelled otherwise"),
    ("박지우", "jiwoo park", "a given name spelled as people do"),
    ("mina_kim", "m1na_k1m", "leet"),
    ("mina_kim", "mina.kim", "another separator"),
    ("mina_kim", "minakim", "no separator"),
    ("mina_kim", "minа_kim", "a Cyrillic letter"),
    ("mina_kim", "miina_kim", "a letter doubled"),
    ("mina", "ミナ", "katakana"),
    ("みなちゃん", "ミナチャン", "katakana"),
    ("みなちゃん", "ﾐﾅﾁｬﾝ", "half width"),
    ("みなちゃん", "minachan", "romaji"),
    ("しょうこ", "shoko", "romaji without the long vowel"),
]
# Not listed for searching, but found in a page.
READ = [
    ("김민아", "[단독] 김/민/아 영상", "signs between"),
    ("김민아", "기ㅁ미ㄴ아", "finals apart"),
    ("김민아", "킴미나 모음", "swaps in every syllable"),
    ("김민아", "ＫＩＭ　ＭＩＮＡ", "full width"),
    ("김민아", "김\u200b민\u200b아", "invisible characters"),
    ("김민아", "김민아의 하루", "a particle after it"),
    ("가은아", "ㄱr은아", "a Latin letter drawn as a vowel"),
    ("mina_kim97", "MinaKim97_Official", "as part of a longer name"),
    ("mina_kim97", "@mina.kim97", "as a mention"),
    ("mina_kim97", "m̶i̶n̶a̶_kim97", "struck through"),
    ("mina_kim97", "𝓶𝓲𝓷𝓪_𝓴𝓲𝓶97", "mathematical letters"),
    ("IMG_4821", "img 4821 (1)", "the name of a file, copied"),
    ("몰카 모음", "몰ㅋr모음집", "a Latin letter drawn as a vowel, and no blank"),
    ("김민아", "金민아 동영상", "the family name in Chinese characters"),
    ("김민아", "김민ㅇㅏ", "one syllable letter by letter"),
    ("김민아", "\u1100\u1175\u11b7\u1106\u1175\u11ab\u110b\u1161", "decomposed, as some file systems store it"),
    ("sunny_day", "5unny-d4y.part2", "leet in a file name"),
    ("みなちゃん", "大好きなみなチャン動画", "within a sentence without blanks"),
    ("Мина Ким", "мина_ким", "a name in Cyrillic"),
]
# Reads alike only by chance.
ELSEWHERE = [
    ("김민아", "김민안 의원", "the name ends within a syllable"),
    ("김민아", "김 민 아버지", "the last syllable begins another word"),
    ("서민아", "집에서 민아가", "the first syllable ends another word"),
    ("김민아", "김 사장은 민 아무개와", "other words between"),
    ("김민아", "ㅋㅋㅋㄱㅁㅇㅋㅋ", "initials within a laugh"),
    ("김가경", "ㅋㅋㅋ", "a laugh is no initials"),
    ("mina", "seminar terminal", "within other words"),
    ("김이수", "kimisun", "part of a longer name"),
    ("민", "서민 국민", "one syllable within words"),
    ("수지", "가수치고", "a short disguise within a word"),
]


def hit(word: str, page: str) -> Strength | None:
    found = Finder([("term", word)]).found_in(page)
    return found[0].strength if found else None


@pytest.mark.parametrize(("word", "written", "why"), GENERATED, ids=lambda value: value)
def test_a_disguise_is_generated_and_found(word: str, written: str, why: str) -> None:
    assert written in variants(word, 100)
    assert folded(written) in {needle.skeleton for needle in needles(word)}
    assert hit(word, f"new {written} clip")


@pytest.mark.parametrize(("word", "page", "why"), READ, ids=lambda value: value)
def test_a_disguise_is_read_without_being_listed(word: str, page: str, why: str) -> None:
    assert hit(word, page)


@pytest.mark.parametrize(("word", "page", "why"), ELSEWHERE, ids=lambda value: value)
def test_what_stands_there_by_chance_is_no_hit(word: str, page: str, why: str) -> None:
    assert hit(word, page) is None


def test_the_variants_know_no_django() -> None:
    code = "import sys, detection.variants; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def test_the_same_script_folds_to_the_same_skeleton() -> None:
    for word, written in [
        ("딥페", "뒵 페"),
        ("mina_k", "M1N4 k"),
        ("みな", "ﾐﾅ"),
        ("야동", "얃옹"),
        ("école", "Ecole"),
    ]:
        assert folded(word) == folded(written)


def test_the_first_variants_are_the_likeliest() -> None:
    assert variants("딥페", 1) == ["뒵페"]
    assert {"김 민아", "ㄱㅁㅇ", "kim mina"} <= set(variants("김민아", 6))
    assert len(variants("김민아", 5)) == 5


def test_the_word_as_it_stands_counts_more_than_a_disguise() -> None:
    assert (hit("김민아", "김민아 영상"), hit("김민아", "낌민아 영상"), hit("수지", "쑤지")) == (
        Strength.WRITTEN, Strength.DISGUISED, Strength.WEAK,
    )  # fmt: skip


SYLLABLES = st.integers(ord("가"), ord("힣")).map(chr)
KOREAN = st.lists(SYLLABLES, min_size=2, max_size=4).map("".join)
LATIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.- ", min_size=4, max_size=14).filter(
    lambda text: sum(map(str.isalpha, text)) >= 4
)
KANA = st.text(
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわんがぎじずでどばびぶべぼぱ",
    min_size=3,
    max_size=6,
)
MIXED = st.tuples(KOREAN, LATIN).map(" ".join)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(st.one_of(KOREAN, LATIN, KANA, MIXED))
def test_every_variant_folds_to_a_skeleton_of_its_word(word: str) -> None:
    skeletons = {needle.skeleton for needle in needles(word)}
    assert [form for form in variants(word, 500) if folded(form) not in skeletons] == []


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    Finder([(1, text), (2, "김민아")]).found_in(text)
    assert isinstance(variants(text, 20), list)
