"""Hangul as people disguise it: jamo by arithmetic, swaps that still read the same, initials, look-alikes, fillers.

What is generated here is what `folding` undoes; `tests/detection/test_variants.py` holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]
CLUSTERS = {
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ",
    "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
FIRST, LAST = ord("가"), ord("힣")

# Letters that people put for one another, the likeliest first. `folding` takes each group for one letter.
SWAPPED_VOWELS = ("ㅣㅟㅢ", "ㅔㅐㅖㅒㅞㅙㅚ", "ㅏㅑㅘ", "ㅓㅕㅝ", "ㅗㅛ", "ㅜㅠ", "ㅡ")
SWAPPED_CONSONANTS = ("ㄱㄲㅋ", "ㄷㄸㅌ", "ㅂㅃㅍ", "ㅅㅆ", "ㅈㅉㅊ")
FILLERS = (" ", ".", "1", "-", "_", "*", "ㅡ", "~", "/", "\u200b")
# Yaminjeongeum (야민정음): other letters, the same picture. Onset and vowel are exchanged, the final stays.
LOOK_ALIKE = {
    ("ㄷ", "ㅐ"): ("ㅁ", "ㅓ"),  # 대 머
    ("ㄱ", "ㅟ"): ("ㅋ", "ㅓ"),  # 귀 커
    ("ㅁ", "ㅕ"): ("ㄸ", "ㅣ"),  # 명 띵
    ("ㄱ", "ㅘ"): ("ㅍ", "ㅏ"),  # 과 파
    ("ㅂ", "ㅣ"): ("ㄴ", "ㅔ"),  # 비 네
}
LOOK_ALIKE |= {there: here for here, there in LOOK_ALIKE.items()}
# Whole syllables and rimes: 유 윾, 왕 앟; and those that go one way only.
LOOK_ALIKE_RIMES = {("ㅠ", ""): ("ㅡ", "ㄲ"), ("ㅘ", "ㅇ"): ("ㅏ", "ㅎ")}
LOOK_ALIKE_RIMES |= {there: here for here, there in LOOK_ALIKE_RIMES.items()}
LOOK_ALIKE_SIGNS = {"김": "숲", "근": "ㄹ"}
# Family names in Chinese characters before a name in Hangul: 金민아.
HANJA_FAMILY = {
    "金": "김", "李": "이", "朴": "박", "崔": "최", "鄭": "정", "姜": "강", "趙": "조", "尹": "윤", "張": "장", "林": "임", "韓": "한",
    "吳": "오", "徐": "서", "申": "신", "權": "권", "黃": "황", "安": "안", "宋": "송", "柳": "류", "洪": "홍", "高": "고", "文": "문",
}  # fmt: skip
MOST_LOOK_ALIKE = 16
SHORTEST_INITIALS = 3


def with_hangul_family(text: str) -> str:
    """Chinese characters of family names, where Hangul follows, in Hangul."""
    return "".join(
        HANJA_FAMILY[letter] if letter in HANJA_FAMILY and is_syllable(text[at + 1 : at + 2] or " ") else letter
        for at, letter in enumerate(text)
    )


def is_syllable(letter: str) -> bool:
    return FIRST <= ord(letter) <= LAST


def taken_apart(syllable: str) -> tuple[str, str, str]:
    """Onset, vowel and final; the final may be empty.

    >>> taken_apart("뒵")
    ('ㄷ', 'ㅟ', 'ㅂ')
    """
    number = ord(syllable) - FIRST
    return ONSETS[number // 588], VOWELS[number % 588 // 28], FINALS[number % 28]


def put_together(onset: str, vowel: str, final: str = "") -> str:
    return chr(FIRST + ONSETS.index(onset) * 588 + VOWELS.index(vowel) * 28 + FINALS.index(final))


def places(text: str) -> list[int]:
    """Where syllables stand."""
    return [place for place, letter in enumerate(text) if is_syllable(letter)]


def with_letters(text: str, changed: dict[int, str]) -> str:
    return "".join(changed.get(place, letter) for place, letter in enumerate(text))


# --- letters that read the same ----------------------------------------------------------------------------------
def swapped(text: str) -> Iterator[str]:
    """One letter exchanged, the likeliest exchanges of every syllable before the less likely; then two syllables.

    >>> next(swapped("딥페"))
    '뒵페'
    """
    by_place = {place: list(_swaps(text[place])) for place in places(text)}
    longest = max(map(len, by_place.values()), default=0)
    for rank in range(longest):
        for place, swaps in by_place.items():
            if rank < len(swaps):
                yield with_letters(text, {place: swaps[rank]})
    for first, second in combinations(by_place, 2):
        if by_place[first] and by_place[second]:
            yield with_letters(text, {first: by_place[first][0], second: by_place[second][0]})


def _swaps(syllable: str) -> Iterator[str]:
    onset, vowel, final = taken_apart(syllable)
    vowels = list(_others(SWAPPED_VOWELS, vowel))
    onsets = list(_others(SWAPPED_CONSONANTS, onset))
    finals = [other for other in _others(SWAPPED_CONSONANTS, final) if other in FINALS]
    # The vowel's nearest, then the onset's, then the final's, and round again.
    for rank in range(max(len(vowels), len(onsets), len(finals))):
        yield from (put_together(onset, other, final) for other in vowels[rank : rank + 1])
        yield from (put_together(other, vowel, final) for other in onsets[rank : rank + 1])
        yield from (put_together(onset, vowel, other) for other in finals[rank : rank + 1])


def _others(groups: tuple[str, ...], letter: str) -> Iterator[str]:
    yield from (other for group in groups if letter and letter in group for other in group if other != letter)


def carried_over(text: str) -> Iterator[str]:
    """The onset written under the syllable before, as it sounds: 야동, 얃옹."""
    for place in places(text):
        if place + 1 < len(text) and is_syllable(text[place + 1]):
            onset, vowel, final = taken_apart(text[place])
            following = taken_apart(text[place + 1])
            if not final and following[0] in FINALS and following[0] != "ㅇ":
                moved = {
                    place: put_together(onset, vowel, following[0]),
                    place + 1: put_together("ㅇ", *following[1:]),
                }
                yield with_letters(text, moved)


# --- the same picture --------------------------------------------------------------------------------------------
def look_alikes(text: str) -> list[str]:
    """The text with look-alike syllables, fewest changes first; at most MOST_LOOK_ALIKE.

    >>> look_alikes("귀여워")
    ['커여워']
    """
    by_place = {place: list(_pictures(text[place])) for place in places(text)}
    by_place = {place: others for place, others in by_place.items() if others}
    made = []
    for count in range(1, len(by_place) + 1):
        for chosen in combinations(by_place, count):
            for letters in product(*(by_place[place] for place in chosen)):
                made.append(with_letters(text, dict(zip(chosen, letters, strict=True))))
                if len(made) == MOST_LOOK_ALIKE:
                    return made
    return made


def _pictures(syllable: str) -> Iterator[str]:
    onset, vowel, final = taken_apart(syllable)
    if (onset, vowel) in LOOK_ALIKE:
        yield put_together(*LOOK_ALIKE[onset, vowel], final)
    if (vowel, final) in LOOK_ALIKE_RIMES:
        yield put_together(onset, *LOOK_ALIKE_RIMES[vowel, final])
    if syllable in LOOK_ALIKE_SIGNS:
        yield LOOK_ALIKE_SIGNS[syllable]


# --- initials, fillers, letters one by one -----------------------------------------------------------------------
def initials(text: str) -> list[str]:
    """Syllables cut down to their first consonant: all of them, all but the first, then any of them.

    Only for Hangul of three to five syllables: two consonants alone mean everything and nothing.

    >>> initials("김민아")[:3]
    ['ㄱㅁㅇ', '김ㅁㅇ', 'ㄱ민아']
    """
    found = places(text)
    if not SHORTEST_INITIALS <= len(found) <= 5 or len(found) != len("".join(text.split())):
        return []
    wanted = [tuple(found), tuple(found[1:]), tuple(found[:1])]
    wanted += [chosen for count in range(len(found), 0, -1) for chosen in combinations(found, count)]
    return [
        with_letters(text, {place: taken_apart(text[place])[0] for place in chosen}) for chosen in dict.fromkeys(wanted)
    ]


def spaced(text: str) -> Iterator[str]:
    """The same word written together, apart, and with a sign or a digit between the syllables."""
    found = places(text)
    if " " in text:
        yield text.replace(" ", "")
    if len(found) == 3 and found == [0, 1, 2]:  # a family name and a given one
        yield f"{text[0]} {text[1:]}"
    for filler in FILLERS:
        yield "".join(
            letter + filler if place in found[:-1] and place + 1 in found else letter
            for place, letter in enumerate(text)
        )


def one_by_one(text: str) -> str:
    """Every letter for itself: 김 as ㄱㅣㅁ."""
    letters = "".join("".join(taken_apart(letter)) if is_syllable(letter) else letter for letter in text)
    return "".join(CLUSTERS.get(letter, letter) for letter in letters)
