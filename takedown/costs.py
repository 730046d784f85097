"""What a case has cost the centre, from its chain of custody: steps and minutes, to be claimed back from the offender.

Minutes are those a person worked: entries of one officer at most ten minutes apart are one sitting, and a single entry
counts as one minute. What the machine did is counted in steps only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cases.models import Case

REST, LEAST = timedelta(minutes=10), timedelta(minutes=1)
PERSON = "officer:"


@dataclass
class Cost:
    minutes: int = 0
    person_steps: Counter[str] = field(default_factory=Counter)
    machine_steps: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        """Act, steps by people, steps by the machine; the most frequent first."""
        acts = {*self.person_steps, *self.machine_steps}
        rows = [(act, self.person_steps[act], self.machine_steps[act]) for act in acts]
        return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))


def cost_of(case: Case) -> Cost:
    cost, times = Cost(), defaultdict(list)
    for actor, act, at in case.custody.order_by("at").values_list("actor", "act", "at"):
        if actor.startswith(PERSON):
            cost.person_steps[act] += 1
            times[actor].append(at)
        else:
            cost.machine_steps[act] += 1
    worked = sum((time_worked(moments) for moments in times.values()), timedelta())
    cost.minutes = -(-int(worked.total_seconds()) // 60)
    return cost


def time_worked(moments: list[datetime]) -> timedelta:
    """Length of all sittings of one person; `moments` in order."""
    worked, began, last = timedelta(), None, None
    for at in moments:
        if began is None or last is None or at - last > REST:
            worked += max(LEAST, last - began) if began and last else timedelta()
            began = at
        last = at
    return worked + (max(LEAST, last - began) if began and last else timedelta())
