"""What speaks for one line, and what it is worth: the only place where thresholds turn signs into a verdict."""

from __future__ import annotations

import operator
from typing import NamedTuple

import numpy as np

from . import passing as passers
from .audio import SoundMatch
from .changing import NOT_KNOWN, UNKNOWN, changes_along
from .displaced import displaced
from .drift import steady
from .lines import Line
from .media import LONG_SECONDS
from .restless import restless
from .sightings import Pair, Sighting
from .vouching import hole, only_here, wandered

FAINT, REVIEWED, SURE = 0.05, 0.2, 0.6
# FEWEST_POINTS stands where `python -m benchmarks.recognition calibrate` put it; the others were set on the sets that
# docs/recognition.md names, some after a report seed had been looked at: those seeds are spent.
FEWEST_POINTS, REVIEW_POINTS = 12, 9
LEAST_COVER, LARGE_PART = 0.07, 0.25
THRESHOLDS = {
    "along": {"video in video": 0.3},
    "share": {"image in image": 0.15, "video in image": 0.45, "image in video": 0.33},
    "hole": {"image in image": 0.3, "video in image": 0.2, "image in video": 0.1},
}
MOST_AGREES = 0.7
LEAST_SHARE, MANY_POINTS = 0.1, 50
COVERED_SHARE, LARGEST_COVERED, FEW_REPLACED = 0.25, 0.65, 0.55
ONLY_HERE, SAME_RATIO, SAME_SHARE, UNDISTURBED, HARDLY_REPLACED = 0.6, 0.75, 0.43, 0.08, 0.8
LEAST_STEADY, STEADY, HARDLY_STEADY, HOLDS = 0.6, 0.7, 0.9, 0.97
MOVING, MANY_AT_EACH, NOWHERE_ELSE = 0.7, 100, 0.9
# In two long films there are so many moments to choose from that a few seconds run along by chance.
LASTS, LASTS_HELD = 2.0, 8.0
FEWEST_PASSING, HARDLY_PASSING, MOST_PASSING = 100, 0.38, 2.5
# How well what passes must agree and how much better than elsewhere, how alike the film must change and how much more so.
PASSES, PASSES_LONG = (0.44, 0.24, 0.2, 0.12), (0.3, 0.2, 0.15, 0.15)
PASSES_BRIEFLY, PASSES_AT_OTHER_SPEED = (0.44, 0.24, 0.66, 0.12), (0.68, 0.24, 0.2, 0.2)
SHORTEST_RUN, SHORTEST_HELD, SHORT_RUN = 0.9, 0.8, 2.0
# How alike a film must change, and by how much more than at any other moment: usually, before a camera that stands
# where nothing passes, in a short stretch, at another speed; and the least where other things speak for it.
CHANGES, CHANGES_APART = 0.3, 0.25
CHANGES_STANDING = 0.5
CHANGES_BRIEFLY, CHANGES_BRIEFLY_UNHELD, CHANGES_BRIEFLY_ASTRAY, CHANGES_BRIEFLY_APART = 0.66, 0.75, 0.9, 0.4
HOLDS_A_LITTLE = 0.93
CHANGES_WITH_GAPS, WITHOUT_A_GAP = 0.76, 0.9
CHANGES_FOR_A_WHILE, CHANGES_FOR_A_WHILE_HELD, HOLDS_WELL, HOLDS_FIRMLY = 0.85, 0.6, 0.985, 0.994
CHANGES_AT_OTHER_SPEED, CHANGES_AT_OTHER_SPEED_APART = 0.75, 0.5
CHANGES_LONG_AT_OTHER_SPEED, CHANGES_LONG_AT_OTHER_SPEED_APART = 0.5, 0.4
CHANGES_TREMBLING, CHANGES_LONG_TREMBLING, CHANGES_TREMBLING_APART = 0.75, 0.6, 0.5
HARDLY_CHANGES = 0.2
SAME_SPEED = 0.09
MOST_WANDERED, MOST_DISPLACED, MOST_RESTLESS = 7, 0.008, 0.012
LEAST_SOUND, LONG_SOUND, FEWEST_HEARD = 2.0, 4.0, 9
SAME_SHIFT = 0.4


class Signs(NamedTuple):
    """What is known of one line.

    `sort`: film in film, film in still and so on. `moments` of the candidate on the line, `seconds` they span, `points`
    that agree at the best moment and `typical` at the middle one, `cover` and `share` as in Sighting, `lost` as
    only_here() tells, `along` and `along_elsewhere` as changes_along() tells, `sound` seconds that run along, `shift`
    seconds by which the line fits better, `displaced` and `restless` as the functions of these names tell, `shorter` the
    seconds of the shorter film.
    """

    sort: str
    moments: int
    seconds: float
    points: int
    typical: float
    cover: float
    share: float
    lost: float
    along: float
    along_elsewhere: float
    sound: float
    shift: float
    ratio: float
    elsewhere: float
    passing: int
    held: float
    steady: float
    filled: float
    hole: float
    replaced: float
    wandered: int
    speed: float
    displaced: float = 0.0
    restless: float = 0.0
    shorter: float = 0.0


def weigh(pair: Pair, found: list[Sighting], line: Line, sound: SoundMatch | None) -> Signs:
    """Collect the signs of one line."""
    members = [found[one] for one in line.members.tolist()]
    times = sorted({one.cand_s for one in members})
    sort = f"{pair.candidate.kind} in {pair.reference.kind}"
    films = sort == "video in video"
    points = sorted(one.points for one in members)
    best = max(members, key=lambda one: one.points)
    changes = changes_along(pair, line, best, times[0], times[-1]) if films and len(times) >= 3 else UNKNOWN
    moment = passers.NOTHING
    if films and len(times) >= 3:
        moment = passers.along(pair, found, line)
    elif sort == "image in video" and best.by == "local":
        moment = passers.this_moment(pair, best)
    empty = hole(pair, best) if best.by == "local" and not films else (0.0, 0.0)
    return Signs(
        sort=sort, moments=len(times), seconds=times[-1] - times[0], points=points[-1],
        typical=float(np.median(points)), cover=best.cover, share=best.share,
        lost=only_here(pair, found, line) if pair.reference.kind == "video" else -1.0,
        along=changes.along, along_elsewhere=changes.elsewhere, sound=_sound_along(line, sound),
        shift=changes.shift if changes.along >= CHANGES else 0.0,
        ratio=moment.ratio, elsewhere=moment.elsewhere, passing=moment.points,
        held=_held(pair, times), steady=steady(pair, found, line) if films else -1.0,
        filled=_filled(pair, members), hole=empty[0], replaced=empty[1],
        wandered=0 if films or best.by != "local" else wandered(pair, best), speed=line.speed,
        displaced=_displaced(pair, members) if pair.reference.kind == "image" else 0.0,
        restless=restless(pair, members) if sort == "video in image" else 0.0,
        shorter=min(pair.candidate.duration_seconds, pair.reference.duration_seconds) if films else 0.0,
    )  # fmt: skip


def _displaced(pair: Pair, members: list[Sighting]) -> float:
    """As displaced() tells, at the moment that agrees best of those whose small picture was kept; 0 where none was."""
    theirs = pair.reference.picture_of(0)
    for one in sorted(members, key=lambda one: -one.points):
        ours = pair.candidate.picture_of(one.view) if one.points >= FEWEST_POINTS else None
        if ours is not None and theirs is not None:
            return displaced(theirs, ours, one.matrix, pair.reference.aspect, pair.candidate.aspect)
    return 0.0


def _filled(pair: Pair, members: list[Sighting]) -> float:
    """Of the candidate's views from the first of these moments to the last, how many show the reference."""
    seen = {one.view for one in members if one.view >= 0}
    return len(seen) / (max(seen) - min(seen) + 1) if seen else 1.0


def _held(pair: Pair, times: list[float]) -> float:
    """Seconds for which the candidate shows these moments, each until the next one it was looked at."""
    every = np.append(np.unique(np.concatenate([pair.candidate.view_times, times])), pair.candidate.duration_seconds)
    places = np.searchsorted(every, np.array(times, np.float32))
    return float(np.sum(np.minimum(every[places + 1] - every[places], 4.0)))


def _sound_along(line: Line, sound: SoundMatch | None) -> float:
    """Seconds of sound that run along the line, 0 when none do."""
    if sound is None or abs(line.speed - sound.speed) > 0.03 or abs(sound.offset + line.offset) > SAME_SHIFT:
        return 0.0
    return sound.cand_end - sound.cand_start


def score_of(signs: Signs) -> float:
    """0.6 to 1 for a copy, 0.2 to 0.6 for something worth a look, below that for a faint resemblance."""
    strength = 1 - float(np.exp(-signs.moments * signs.typical / 60))
    if is_copy(signs):
        return SURE + (1 - SURE) * strength
    if signs.points >= REVIEW_POINTS or signs.moments >= 3:
        return REVIEWED + (SURE - REVIEWED) * 0.95 * strength
    return FAINT + (REVIEWED - FAINT) * 0.9 * strength


def is_copy(signs: Signs) -> bool:
    """Whether a line is of the same material, and not only of the same place."""
    if signs.cover < LEAST_COVER or signs.points < (FEWEST_HEARD if _heard_along(signs) else FEWEST_POINTS):
        return False
    if signs.sort == "video in video":
        return _runs_along(signs)
    if signs.wandered > MOST_WANDERED or signs.displaced > MOST_DISPLACED or signs.restless > MOST_RESTLESS:
        return False
    share, hole = THRESHOLDS["share"][signs.sort], THRESHOLDS["hole"][signs.sort]
    whole = signs.share >= share and signs.hole <= hole
    covered = signs.share >= COVERED_SHARE and signs.hole <= LARGEST_COVERED and signs.replaced <= FEW_REPLACED
    most = signs.share >= MOST_AGREES and signs.cover >= LARGE_PART
    if signs.sort == "image in image":
        mostly = signs.share >= 0.5 and signs.hole <= hole + 0.06
        noisy = signs.share >= LEAST_SHARE and signs.points >= MANY_POINTS and signs.hole <= 0.05
        return whole or mostly or covered or most or noisy
    if signs.sort == "video in image":
        return signs.held >= SHORTEST_HELD and (whole or covered or most)
    undisturbed = signs.hole <= UNDISTURBED or signs.replaced <= HARDLY_REPLACED
    this_moment = signs.share >= SAME_SHARE and signs.hole <= hole and signs.ratio >= SAME_RATIO and undisturbed
    return signs.share >= share and (signs.lost >= ONLY_HERE or this_moment)


def _runs_along(signs: Signs) -> bool:
    """A film in a film: time must vouch for it, by what changes, by the place in the picture, or by the sound."""
    if _heard_along(signs):
        return True
    if signs.sound >= LEAST_SOUND and (signs.steady >= STEADY or signs.moments < 3):
        return True
    if signs.moments < 3 or signs.seconds < SHORTEST_RUN or signs.typical < 6:
        return False
    if signs.shorter > LONG_SECONDS and signs.along != NOT_KNOWN and not _lasts(signs):
        return False
    return _changes(signs) or _passes(signs) or _moves(signs)


def _lasts(signs: Signs) -> bool:
    """Whether a stretch of two long films is more than chance: the less alike it changes, the longer it must be."""
    held = signs.seconds >= LASTS_HELD and signs.steady >= HOLDS and signs.speed == 1
    return held or signs.along * signs.seconds**0.5 >= LASTS


def _heard_along(signs: Signs) -> bool:
    """Sound that runs along for long, with pictures that do: the same song under unlike films has none."""
    return signs.sound >= LONG_SOUND and signs.moments >= 7 and signs.steady >= LEAST_STEADY


def _changes(signs: Signs) -> bool:
    """The same places become lighter and darker at the same moments, and at no others."""
    if 0 <= signs.steady < HARDLY_STEADY:
        return _trembles(signs)
    least, apart = CHANGES, CHANGES_APART
    if signs.lost < MOVING and not (signs.passing >= FEWEST_PASSING and signs.ratio >= HARDLY_PASSING):
        least = CHANGES_STANDING
    if signs.moments < 5 or signs.seconds < SHORT_RUN:
        least, apart = _briefly(signs), CHANGES_BRIEFLY_APART
    elif signs.moments < 7:
        least = max(least, _for_a_while(signs))
    if not _as_fast(signs):
        if signs.moments < 7 or signs.seconds < 2:
            return False
        least, apart = CHANGES_AT_OTHER_SPEED, CHANGES_AT_OTHER_SPEED_APART
        if signs.moments >= 12 and signs.seconds >= 3.5:
            least, apart = CHANGES_LONG_AT_OTHER_SPEED, CHANGES_LONG_AT_OTHER_SPEED_APART
    return signs.along >= least and signs.along - signs.along_elsewhere >= apart


def _briefly(signs: Signs) -> float:
    """How alike a short stretch must change: the less one map holds, the more."""
    if signs.steady >= HOLDS_WELL:
        return CHANGES_BRIEFLY
    return CHANGES_BRIEFLY_UNHELD if signs.steady >= HOLDS_A_LITTLE and signs.moments >= 4 else CHANGES_BRIEFLY_ASTRAY


def _for_a_while(signs: Signs) -> float:
    """How alike five or six moments must change, lest a camera only passed alike: the less firmly one map holds, the more."""
    if signs.seconds < 3 and (signs.steady < HOLDS_WELL or signs.lost >= NOWHERE_ELSE):
        return CHANGES_FOR_A_WHILE_HELD if signs.steady >= HOLDS_FIRMLY else CHANGES_FOR_A_WHILE
    return CHANGES_WITH_GAPS if signs.filled < WITHOUT_A_GAP else CHANGES


def _trembles(signs: Signs) -> bool:
    """No one map holds, of a filmed screen or of a moving camera at another speed: the changes alone must do, for long."""
    long = signs.moments >= 8 and signs.seconds >= 3.5
    least = CHANGES_LONG_TREMBLING if long else CHANGES_TREMBLING
    if not _as_fast(signs):
        if signs.moments < 12 or signs.seconds < 3.5 or signs.steady < LEAST_STEADY:
            return False
        least = CHANGES_AT_OTHER_SPEED
    apart = signs.along - signs.along_elsewhere >= CHANGES_TREMBLING_APART
    return signs.moments >= 7 and signs.along >= least and apart


def _as_fast(signs: Signs) -> bool:
    """Two even pans over one place look alike when one is played faster."""
    return abs(abs(signs.speed) - 1) <= SAME_SPEED


def _passes(signs: Signs) -> bool:
    """A camera that stands: what passes by agrees as well as the background, and only at this moment."""
    stands = signs.steady >= HARDLY_STEADY and signs.lost < MOVING and signs.passing >= FEWEST_PASSING
    if not _as_fast(signs):
        stands &= signs.moments >= 10 and signs.seconds >= 3.5
        least = PASSES_AT_OTHER_SPEED
    elif signs.seconds < SHORT_RUN:
        least = PASSES_BRIEFLY
    else:
        least = PASSES_LONG if signs.moments >= 8 and signs.seconds >= 3.5 and signs.steady >= HOLDS_WELL else PASSES
    more, changes = signs.ratio - signs.elsewhere, signs.along - signs.along_elsewhere
    found = (signs.ratio, more, signs.along, changes)
    return stands and signs.ratio <= MOST_PASSING and all(map(operator.ge, found, least))


def _moves(signs: Signs) -> bool:
    """A camera that moves: nothing agrees at other moments, and one map holds all along."""
    if signs.lost < MOVING or signs.filled < 0.6 or signs.moments < 5 or not _as_fast(signs):
        return False
    long = signs.moments >= 7 and signs.seconds >= 2.8
    firmly = signs.seconds >= 2 and signs.typical >= MANY_AT_EACH and signs.steady >= HOLDS_FIRMLY
    plain = firmly and signs.lost >= NOWHERE_ELSE
    lasting = signs.moments >= 8 and signs.seconds >= 4 and abs(signs.speed) == 1
    changes = signs.along >= HARDLY_CHANGES or signs.along == NOT_KNOWN or lasting
    holds = signs.steady >= HOLDS and (long or plain) and changes
    lasts = signs.moments >= 12 and signs.along >= 0.5 and signs.steady >= LEAST_STEADY
    return holds or lasts
