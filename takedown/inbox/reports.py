"""A delivery report (RFC 3464) read for one recipient: did the letter arrive, and is the address to blame?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
CODE = re.compile(r"(?<!\d)([45]\d\d)(?!\d)")
# RFC 3463: 1.x says the address is wrong (1.7 and 1.8 speak of the sender's), 2.1 the mailbox is closed, 4.4 no way there.
ADDRESS_TO_BLAME = re.compile(r"5\.(1\.(0|1|2|3|4|6|9|10)|2\.1|4\.4)$")
NO_SUCH_MAILBOX = frozenset({"550", "551", "553"})
FAILED, DELAYED = "failed", "delayed"


@dataclass(frozen=True)
class Report:
    """`hard`: the address itself does not work. `returned`: the letter did not arrive. `why` holds codes only."""

    hard: bool
    returned: bool
    why: str


def read_report(blocks: list[dict[str, str]], recipient: str) -> Report | None:
    """None when the report says nothing of a failure or delay (a receipt, say)."""
    told = [(block, _about(block, recipient)) for block in blocks if block.get("action")]
    told = [(block, whose) for block, whose in told if block["action"].split()[0].lower() in (FAILED, DELAYED)]
    if not told:
        return None
    block, ours = max(told, key=lambda pair: (pair[1], pair[0]["action"].lower().startswith(FAILED)))
    status = _status(block)
    if not block["action"].lower().startswith(FAILED):
        return Report(False, False, _why(DELAYED, status))
    # Where our address only forwards, and the one behind it fails, ours is not the one to pause.
    return Report(ours and _blames_address(block, status), True, _why(FAILED, status))


def _about(block: dict[str, str], recipient: str) -> bool:
    """Whether this block speaks of the address we wrote to."""
    named = [block.get("original-recipient", ""), block.get("final-recipient", "")]
    return any(_bare(value) == recipient.lower() for value in named if value)


def _bare(value: str) -> str:
    """`rfc822; <A@B>` → `a@b`"""
    return value.rpartition(";")[2].strip().strip("<>").lower()


def _status(block: dict[str, str]) -> str:
    """The enhanced code: what the far server said outweighs the general one of the reporting server."""
    own, far = (STATUS.search(block.get(name, "")) for name in ("status", "diagnostic-code"))
    if own and own.group(0).endswith(".0.0") and far:
        return far.group(0)
    return (own or far).group(0) if (own or far) else ""  # type: ignore[union-attr]


def _blames_address(block: dict[str, str], status: str) -> bool:
    if status and not status.endswith("5.0.0"):
        return bool(ADDRESS_TO_BLAME.search(status))
    code = CODE.search(block.get("diagnostic-code", ""))
    return bool(code and code.group(1) in NO_SUCH_MAILBOX)


def _why(action: str, status: str) -> str:
    sentence = _("The report says: %(action)s, status %(status)s.")
    return sentence % {"action": action, "status": status or _("not named")}
