"""Words as people disguise them (docs/terms.md). Pure functions on text, no Django, nothing fetched.

`variants(text, limit)` lists what may be written for a word, to search by. `Finder` reads pages: page and words are
folded to the same skeleton, so that a disguise is found without being listed.
"""

from detection.variants.finding import Finder, Found, Strength
from detection.variants.folding import folded
from detection.variants.listing import needles, variants

__all__ = ["Finder", "Found", "Strength", "folded", "needles", "variants"]
