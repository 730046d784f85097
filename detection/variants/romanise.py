"""Hangul in Latin letters: the Revised Romanisation, letter by letter, and how names are spelled in practice."""

from __future__ import annotations

from itertools import product

from detection.variants.korean import FINALS, ONSETS, VOWELS, is_syllable, taken_apart

_SOUNDS = {
    "onset": "g kk n d tt r m b pp s ss - j jj ch k t p h",
    "vowel": "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i",
    "final": "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t",
}
_WRITTEN = {part: [sound.strip("-") for sound in row.split()] for part, row in _SOUNDS.items()}
_ONSETS = dict(zip(ONSETS, _WRITTEN["onset"], strict=True))
_VOWELS = dict(zip(VOWELS, _WRITTEN["vowel"], strict=True))
_FINALS = dict(zip(FINALS, _WRITTEN["final"], strict=True))

# Family names as they stand in passports and on the web, the commonest first.
SURNAMES: dict[str, tuple[str, ...]] = {
    "김": ("kim", "gim"), "이": ("lee", "yi", "rhee", "i"), "박": ("park", "bak", "pak"), "최": ("choi", "choe"),
    "정": ("jung", "jeong", "chung"), "강": ("kang", "gang"), "조": ("cho", "jo"), "윤": ("yoon", "yun"),
    "장": ("jang", "chang"), "임": ("lim", "im", "rim"), "한": ("han",), "오": ("oh", "o"), "서": ("seo", "suh"),
    "신": ("shin", "sin"), "권": ("kwon", "gwon"), "황": ("hwang",), "안": ("ahn", "an"), "송": ("song",),
    "류": ("ryu", "yoo"), "유": ("yoo", "yu", "you"), "전": ("jeon", "jun"), "홍": ("hong",), "고": ("ko", "go"),
    "문": ("moon", "mun"), "양": ("yang",), "손": ("son", "sohn"), "배": ("bae", "pae"), "백": ("baek", "paik"),
    "허": ("heo", "hur", "huh"), "남": ("nam",), "심": ("shim", "sim"), "노": ("noh", "roh", "no"), "하": ("ha",),
    "곽": ("kwak", "gwak"), "성": ("sung", "seong"), "차": ("cha",), "주": ("joo", "ju"), "우": ("woo", "u"),
    "구": ("koo", "gu", "ku"), "민": ("min",), "나": ("na", "ra"), "진": ("jin", "chin"), "지": ("ji", "chi"),
    "엄": ("um", "eom"), "채": ("chae",), "원": ("won",), "천": ("chun", "cheon"), "방": ("bang", "pang"),
    "공": ("kong", "gong"), "현": ("hyun", "hyeon"), "함": ("ham",), "변": ("byun", "byeon"), "염": ("yum", "yeom"),
    "여": ("yeo", "yuh"), "추": ("choo", "chu"), "도": ("do", "doh"), "소": ("so", "soh"), "석": ("seok", "suk"),
    "선": ("sun", "seon"), "설": ("seol", "sul"), "마": ("ma",), "길": ("gil", "kil"), "연": ("yeon", "yon"),
    "남궁": ("namgung", "namkoong"), "황보": ("hwangbo",), "제갈": ("jegal",), "선우": ("sunwoo", "seonu"),
    "독고": ("dokgo",), "사공": ("sagong",),
}  # fmt: skip
# Syllables of given names that are often spelled otherwise than by rule.
GIVEN: dict[str, tuple[str, ...]] = {
    "정": ("jung",), "성": ("sung",), "현": ("hyun",), "영": ("young",), "선": ("sun",), "연": ("yun", "youn"), "경": ("kyung",),
    "준": ("joon",), "우": ("woo",), "수": ("soo",), "주": ("joo",), "희": ("hee",), "은": ("un",), "서": ("suh",),
    "혜": ("hye", "hae"), "유": ("yoo",), "윤": ("yoon",), "진": ("jean",), "지": ("jee",), "리": ("lee", "ri"), "이": ("yi", "lee"),
    "아": ("ah",), "순": ("soon",), "숙": ("sook",), "훈": ("hoon",), "철": ("chul",), "형": ("hyung",), "석": ("suk",),
    "승": ("seung",), "원": ("won",), "린": ("lin",), "라": ("la",), "규": ("kyu",), "기": ("ki",), "건": ("kun",), "동": ("dong", "tong"),
    "호": ("ho",), "하": ("ha",), "미": ("mee",), "인": ("in",), "예": ("ye", "yeh"), "효": ("hyo",), "빈": ("been",), "별": ("byul",),
    "명": ("myung",), "병": ("byung",), "용": ("yong",), "웅": ("woong",), "국": ("kook",), "민": ("min",), "나": ("na",),
}  # fmt: skip
MOST_SPELLINGS = 24


def romanised(text: str) -> str:
    """By rule, each syllable for itself, as the Revised Romanisation writes names; other letters stay.

    >>> romanised("홍길동")
    'honggildong'
    """
    return "".join(_by_rule(letter) if is_syllable(letter) else letter for letter in text)


def _by_rule(syllable: str) -> str:
    onset, vowel, final = taken_apart(syllable)
    return _ONSETS[onset] + _VOWELS[vowel] + _FINALS[final]


def spellings(text: str) -> list[str]:
    """A text of Hangul alone in Latin letters, the likeliest first: a name in both orders, anything else by rule.

    >>> spellings("김민아")[:3]
    ['kim mina', 'mina kim', 'gim mina']
    """
    plain = "".join(text.split())
    if not plain or not all(map(is_syllable, plain)):
        return []
    family = next((plain[:size] for size in (2, 1) if plain[:size] in SURNAMES), "")
    given = plain[len(family) :]
    if not family or not 1 <= len(given) <= 2:
        return [romanised(text)]
    # The rarer a choice, the later it comes; the sum of the ranks orders the whole.
    choices = [SURNAMES[family], *(_given(letter) for letter in given)]
    ranked = sorted(product(*map(enumerate, choices)), key=lambda chosen: sum(rank for rank, _ in chosen))
    made = []
    for (_rank, first), *rest in ranked[: MOST_SPELLINGS // 2]:
        name = "".join(written for _rank, written in rest)
        made += [f"{first} {name}", f"{name} {first}"]
    return list(dict.fromkeys(made))


def _given(syllable: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([_by_rule(syllable), *GIVEN.get(syllable, ())]))
