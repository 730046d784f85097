"""What speaks for one line, and what it is worth: the only place where thresholds turn signs into a verdict."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .audio import SoundMatch
from .lines import Line
from .sightings import Pair, Sighting
from .vouching import hole, only_here, steady, stirs_along, this_moment

FAINT, REVIEWED, SURE = 0.05, 0.2, 0.6
# Every threshold below stands where `python -m benchmarks.recognition calibrate` put it (docs/recognition.md).
FEWEST_POINTS, REVIEW_POINTS = 12, 9
LEAST_COVER, LARGE_PART = 0.07, 0.25
THRESHOLDS = {
    "stir": {"video in video": 0.68},
    "share": {"image in image": 0.15, "video in image": 0.5, "image in video": 0.33},
    "hole": {"image in image": 0.16, "video in image": 0.08, "image in video": 0.18},
}
MOST_AGREES = 0.7
COVERED_SHARE, LARGEST_COVERED, FEW_REPLACED = 0.33, 0.45, 0.5
LEAST_STIR = 0.48
ONLY_HERE, SAME_RATIO = 0.6, 0.58
STEADY, STIRS_WHILE_UNSTEADY = 0.6, 0.8
SHORTEST_RUN, SHORTEST_HELD = 0.9, 0.8
LEAST_SOUND = 2.0
SAME_SHIFT = 0.4


class Signs(NamedTuple):
    """What is known of one line.

    `sort`: film in film, film in still and so on. `moments` of the candidate on the line, `seconds` they span, `points`
    that agree at the best moment and `typical` at the middle one, `cover` and `share` as in Sighting, `lost` as
    only_here() tells, `stir` and `stir_elsewhere` as stirs_along() tells, `sound` seconds that run along, `shift`
    seconds by which the line fits better.
    """

    sort: str
    moments: int
    seconds: float
    points: int
    typical: float
    cover: float
    share: float
    lost: float
    stir: float
    stir_elsewhere: float
    sound: float
    shift: float
    ratio: float
    passing: int
    held: float
    steady: float
    filled: float
    hole: float
    replaced: float


def weigh(pair: Pair, found: list[Sighting], line: Line, sound: SoundMatch | None) -> Signs:
    """Collect the signs of one line."""
    members = [found[one] for one in line.members.tolist()]
    times = sorted({one.cand_s for one in members})
    sort = f"{pair.candidate.kind} in {pair.reference.kind}"
    films = sort == "video in video"
    stir = stirs_along(pair, line, times[0], times[-1]) if films else (0.0, 0.0, 0.0)
    points = sorted(one.points for one in members)
    best = max(members, key=lambda one: one.points)
    moment = this_moment(pair, best) if sort == "image in video" and best.by == "local" else (0.0, 0)
    empty = hole(pair, best) if best.by == "local" and not films else (0.0, 0.0)
    return Signs(
        sort=sort, moments=len(times), seconds=times[-1] - times[0], points=points[-1],
        typical=float(np.median(points)), cover=best.cover, share=best.share,
        lost=only_here(pair, found, line) if pair.reference.kind == "video" else -1.0,
        stir=stir[0], stir_elsewhere=stir[1], sound=_sound_along(line, sound), shift=stir[2] if stir[0] > 0.5 else 0.0,
        ratio=moment[0], passing=moment[1], held=_held(pair, times), steady=steady(pair, found, line) if films else -1.0,
        filled=_filled(pair, members), hole=empty[0], replaced=empty[1],
    )  # fmt: skip


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
    if signs.cover < LEAST_COVER or signs.points < FEWEST_POINTS:
        return False
    if signs.sort == "video in video":
        return _runs_along(signs)
    share, hole = THRESHOLDS["share"][signs.sort], THRESHOLDS["hole"][signs.sort]
    whole = signs.share >= share and signs.hole <= hole
    if signs.sort == "image in image":
        mostly = signs.share >= 0.6 and signs.hole <= hole + 0.06
        covered = signs.share >= COVERED_SHARE and signs.hole <= LARGEST_COVERED and signs.replaced <= FEW_REPLACED
        return whole or mostly or covered or (signs.share >= MOST_AGREES and signs.cover >= LARGE_PART)
    if signs.sort == "video in image":
        return signs.held >= SHORTEST_HELD and (whole or (signs.share >= MOST_AGREES and signs.cover >= LARGE_PART))
    this_moment = signs.hole <= hole and signs.ratio >= SAME_RATIO
    return signs.share >= share and (signs.lost >= ONLY_HERE or this_moment)


def _runs_along(signs: Signs) -> bool:
    """A film in a film: time must vouch for it, by what stirs, by the place in the picture, or by the sound."""
    if signs.sound >= LEAST_SOUND and (signs.steady >= STEADY or signs.moments < 3):
        return True
    if signs.moments < 3 or signs.seconds < SHORTEST_RUN or signs.typical < 6:
        return False
    stirs = THRESHOLDS["stir"][signs.sort] if signs.steady >= STEADY else STIRS_WHILE_UNSTEADY
    along = signs.stir >= stirs and signs.stir - signs.stir_elsewhere >= 0.12
    # A camera that stands: the longer it runs along, the less may chance explain.
    longer = max(LEAST_STIR, stirs + 0.04 - 0.08 * (signs.seconds - 1.5))
    stands = signs.steady >= 0.9 and signs.stir >= longer and signs.stir - signs.stir_elsewhere >= 0.2
    # A camera that moves: nothing agrees at other moments, and one map holds all along.
    moves = signs.lost >= 0.7 and signs.filled >= 0.7
    stays = moves and signs.steady >= 0.93 and signs.moments >= 5 and signs.stir >= 0.3
    lasts = moves and signs.stir >= 0.5 and signs.moments >= 12
    return along or stands or stays or lasts
