"""Sends letters in forked children that die at a chosen moment. Started once; a child costs a fork, not an interpreter.

One line in: `<notice id> line <n>` (killed at the n-th line of the product's sending code; 0 only counts), `<notice id> time <seconds>`
(killed from outside), `<notice id> none 0`. One line out: `killed <lines>`, `done <lines>` or `failed <lines>`.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
import traceback
from types import FrameType
from typing import Any

import django

# Where a line counts: what sends, what speaks SMTP, what commits.
WATCHED = (
    "takedown/sending.py",
    "takedown/delivery.py",
    "takedown/bounced.py",
    "smtplib.py",
    "cases/custody.py",
    "django/db/transaction.py",
)


class Reaper:
    """Counts lines of the watched files; at the fatal one the process is gone, without a word."""

    def __init__(self, fatal: int) -> None:
        self.fatal, self.lines = fatal, 0

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.endswith(WATCHED) else None

    def _line(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self.fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


def child(notice_id: str, fatal: int | None, tell: int) -> None:
    from django.db import connections

    from takedown import notices

    reaper = Reaper(fatal or 0)
    try:
        if fatal is not None:  # watching every call costs more than the calls themselves
            sys.settrace(reaper)
        notices.send(notice_id)
        sys.settrace(None)
        connections.close_all()
        os.write(tell, str(reaper.lines).encode())
        os._exit(0)
    except BaseException:
        sys.settrace(None)
        traceback.print_exc()
        os._exit(3)


def run(notice_id: str, how: str, when: float) -> str:
    hear, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(hear)
        child(notice_id, int(when) if how == "line" else None, tell)
    os.close(tell)
    if how == "time":
        time.sleep(when)
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    lines = os.read(hear, 20).decode() or "0"
    os.close(hear)
    if os.WIFSIGNALED(status):
        return f"killed {lines}"
    return f"{'done' if os.WEXITSTATUS(status) == 0 else 'failed'} {lines}"


def main() -> None:
    django.setup()
    from django.core.validators import validate_email

    import takedown.notices  # noqa: F401  (before the fork, so that no child pays for it)

    validate_email("once@centre.example")  # its patterns take longer to compile than a letter to send
    gc.freeze()  # the children share what is loaded, instead of copying it to count references
    print("ready", flush=True)
    for line in sys.stdin:
        notice_id, how, when = line.split()
        print(run(notice_id, how, float(when)), flush=True)


if __name__ == "__main__":
    main()
