"""The forms of a word: ranked for searching, and as needles for reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from detection.variants import kana, korean, latin, romanise
from detection.variants.folding import Folded, fold

# How many of the first forms of each family go before the next family has its turn.
MOST_OF_A_FAMILY = 60


@dataclass(frozen=True)
class Needle:
    """A form that is looked for. `literal` ones count only as they are written (initials), `own` is the word itself."""

    form: Folded
    own: bool = False
    literal: bool = False

    @property
    def skeleton(self) -> str:
        return self.form.skeleton

    @property
    def size(self) -> int:
        """Syllables or letters."""
        return len(self.form.plain)


def variants(text: str, limit: int) -> list[str]:
    """What may be written for a word, the likeliest first, each once and never the word itself.

    The families take turns: swaps, spacing, initials, other alphabets, look-alikes.

    >>> variants("딥페", 1)
    ['뒵페']
    """
    text = " ".join(text.split())
    taken = {text}
    ranked: list[str] = []
    families = [islice(family, MOST_OF_A_FAMILY) for family in _families(text)]
    for row in zip_longest(*families):
        for form in row:
            if form and form not in taken and len(ranked) < limit:
                taken.add(form)
                ranked.append(form)
    return ranked


def _families(text: str) -> Iterator[Iterable[str]]:
    if korean.places(text):
        yield korean.swapped(text)
        yield korean.spaced(text)
        yield korean.initials(text)
        yield romanise.spellings(text)
        yield korean.look_alikes(text)
        yield korean.carried_over(text)
        yield [korean.one_by_one(text)]
    if any(map(latin.is_latin, text)):
        yield latin.separated(text)
        yield latin.leet(text)
        yield latin.doubled(text)
        yield latin.in_other_letters(text)
        yield latin.in_pairs(text)
        yield kana.kana_of(text)
    if any(map(kana.is_kana, text)):
        yield [kana.hiragana(text), kana.katakana(text), kana.half_width(text)]
        yield kana.romaji(text)


def _elsewise(text: str) -> Iterator[str]:
    """The word in another alphabet, or in letters that the folding leaves apart."""
    yield from romanise.spellings(text)
    yield from kana.romaji(text)
    yield from kana.kana_of(text)
    yield from latin.in_pairs(text)


def _is_number(text: str) -> bool:
    """Mostly digits, as the names that cameras give: another number is another file, not a disguise."""
    letters = [letter for letter in text if letter.isalnum()]
    return sum(map(str.isdigit, letters)) * 2 > len(letters)


def needles(text: str) -> list[Needle]:
    """Every skeleton under which a word may stand in a page, its own first; none twice."""
    found = [Needle(fold(text), own=True, literal=_is_number(text))]
    found += [Needle(fold(form)) for form in korean.look_alikes(text)]
    found += [Needle(fold(form), literal=True) for form in korean.initials(text)]
    found += [Needle(fold(form)) for form in _elsewise(text)]
    by_skeleton: dict[str, Needle] = {}
    for needle in found:
        if needle.skeleton:
            by_skeleton.setdefault(needle.skeleton, needle)
    return list(by_skeleton.values())
