"""Reading a text for many words at once: where a skeleton stands, and whether it may count there.

What a hit costs decides what is asked of it. It only moves a candidate forward in the queue, so a disguise of a long
word counts anywhere; what is short, and so stands in other words by chance, counts on word borders only or weakly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from detection.variants.folding import Folded, Unit, fold
from detection.variants.listing import Needle, needles

Key = TypeVar("Key", bound=Hashable)

LONGEST_GAP = 4
FREE_SYLLABLES = 2
FREE_LETTERS = 8
SHORT_LETTERS = 4
SHORTEST_ROMANISED = 5
FIRST = 2  # tokens of a skeleton by which the needles are filed


class Strength(IntEnum):
    """How much a hit says: a short word or disguise, a disguise, the word as it is written."""

    WEAK = 1
    DISGUISED = 2
    WRITTEN = 3


@dataclass(frozen=True)
class Found(Generic[Key]):
    key: Key
    strength: Strength


class Finder(Generic[Key]):
    """Looks for all its words in a text at once. `words` are keys (whatever the caller tells them by) with their text."""

    def __init__(self, words: Iterable[tuple[Key, str]]):
        self._filed: dict[str, list[tuple[Key, Needle]]] = defaultdict(list)
        for key, text in words:
            for needle in needles(text):
                self._filed[needle.skeleton[:FIRST]].append((key, needle))

    def __bool__(self) -> bool:
        return bool(self._filed)

    def found_in(self, text: str) -> list[Found[Key]]:
        """Which words stand in the text, each once with its strongest hit."""
        page = fold(text)
        best: dict[Key, Strength] = {}
        for key, strength in self._hits(page):
            best[key] = max(strength, best.get(key, strength))
        return [Found(key, strength) for key, strength in best.items()]

    def _hits(self, page: Folded) -> Iterator[tuple[Key, Strength]]:
        for place, first in page.starts.items():
            for length in range(1, FIRST + 1):
                for key, needle in self._filed.get(page.skeleton[place : place + length], ()):
                    last = page.ends.get(place + len(needle.skeleton))
                    if last is None or not page.skeleton.startswith(needle.skeleton, place):
                        continue
                    strength = weighed(needle, page.units, first, last)
                    if strength:
                        yield key, strength


def weighed(needle: Needle, units: list[Unit], first: int, last: int) -> Strength | None:
    """What a needle that stands at these units is worth; None when it is there by chance."""
    stretch = units[first : last + 1]
    written = _as_written(needle, stretch)
    if any(unit.gap > LONGEST_GAP for unit in stretch[1:]) or (needle.literal and not written):
        return None
    begins, ends = units[first].begins, units[last].ends
    if _broken(needle, stretch) and not (begins and (ends or _after_blank(stretch) >= FREE_SYLLABLES)):
        return None
    scripts = {unit.script for unit in needle.form.units}
    if "jamo" in scripts:
        return Strength.DISGUISED if _alone(units, first, last) else None
    if scripts <= {"latin", "other"} and not _dense(needle):
        return _letters(needle, begins and ends, written)
    return _syllables(needle, begins, ends, written)


def _as_written(needle: Needle, stretch: list[Unit]) -> bool:
    """Letter by letter; what was joined to its ends because it is the same letter (4821, 1) does not count."""
    plain, own = "".join(unit.plain for unit in stretch), needle.form.units
    lead = max(0, len(stretch[0].plain) - len(own[0].plain))
    tail = max(0, len(stretch[-1].plain) - len(own[-1].plain)) if len(stretch) > 1 else 0
    return plain[lead : len(plain) - tail] == needle.form.plain


def _letters(needle: Needle, bordered: bool, written: bool) -> Strength | None:
    """Alphabets with blanks between words: on word borders, but for long words."""
    if not bordered and needle.size < FREE_LETTERS:
        return None
    if not needle.own and needle.size < SHORTEST_ROMANISED:
        return None
    if needle.size < SHORT_LETTERS:
        return Strength.WEAK if written else None
    return Strength.WRITTEN if written and needle.own else Strength.DISGUISED


def _syllables(needle: Needle, begins: bool, ends: bool, written: bool) -> Strength | None:
    """Hangul, kana and Chinese characters, where words grow together."""
    if needle.size < FREE_SYLLABLES:
        return Strength.WEAK if written and begins and ends else None
    if written:
        return Strength.WRITTEN if needle.own else Strength.DISGUISED
    if needle.size == FREE_SYLLABLES:
        return Strength.WEAK if begins else None
    return Strength.DISGUISED


def _dense(needle: Needle) -> bool:
    """Scripts without blanks between words."""
    return all(unit.script != "latin" and ord(unit.plain[0]) >= 0x0E00 for unit in needle.form.units)


def _broken(needle: Needle, stretch: list[Unit]) -> bool:
    """Whether a blank stands within, where the word itself has none."""
    return any(unit.spaced for unit in stretch[1:]) and not any(unit.spaced for unit in needle.form.units[1:])


def _after_blank(stretch: list[Unit]) -> int:
    """How many units stand after the last blank."""
    return next((count for count, unit in enumerate(reversed(stretch), start=1) if unit.spaced), len(stretch))


def _alone(units: list[Unit], first: int, last: int) -> bool:
    """Initials stand by themselves: no further lone consonant before or after them."""
    before = units[first - 1] if first and not units[first].gap else None
    after = units[last + 1] if last + 1 < len(units) and not units[last + 1].gap else None
    return not any(unit and unit.script == "jamo" for unit in (before, after))
