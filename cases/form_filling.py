"""Fills in a web form in the capture browser, up to its last click or with it. Given as data.

Until a step asks for a click, nothing may leave the page but what it takes to show it: a form that sends itself while it
is filled in is stopped. The last click is made only for a caller that says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page, Request, Response, Route

from cases import blur
from cases.guard_proxy import GuardProxy
from cases.page_steps import CSS, SETTLE_MS, STILL_MS

FIELD_MS = 5_000.0
AFTER_PRESS_MS = 15_000.0
TEXT_CHARS = 2_000
WIDTH, TALLEST = 1280, 6_000
TEXT_SCRIPT = "most => String(document.body?.innerText || '').slice(0, most)"
# A page shorter than the window is as tall as what stands on it.
TALL_SCRIPT = (
    "() => { const all = document.documentElement, low = document.body?.getBoundingClientRect().bottom || 0;"
    " return Math.ceil(all.scrollHeight > all.clientHeight || low < 50 ? all.scrollHeight : low + scrollY + 24); }"
)
FITS_SCRIPT = "(field, value) => String(field.value ?? '').replace(/\\r\\n/g, '\\n') === value"
CHOSEN_SCRIPT = "(field, value) => [...field.selectedOptions].some(one => one.label === value || one.value === value)"


class Move(Protocol):
    """`verb`: fill, choose, tick, click or press; `field`: a label, or a CSS selector after “css:” (and words before it)."""

    @property
    def verb(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def value(self) -> str: ...


class FillError(Exception):
    """A step that could not be done, by a sentence for a person. Nothing was sent."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass
class Filling:
    """How far it came. `pressed` is true from just before the last click on: from then on nobody knows until it ends.

    `statuses` are the answers to what that click sent, `broke_off` that one never came; `picture` is a PNG without any image of the page.
    """

    pressed: bool = False
    sent: int = 0
    broke_off: bool = False
    statuses: list[int] = field(default_factory=list)
    picture: bytes = b""
    text: str = ""
    url: str = ""


def play(
    page: Page, proxy: GuardProxy, moves: Sequence[Move], filling: Filling, *, press: bool, left_ms: Callable[[], float]
) -> None:
    """Do all moves but the last; that one only with `press`. Raises FillError while nothing was sent, PlaywrightError."""
    guard = _Guard(page)
    written: list[tuple[int, Move]] = []  # on this page of the form
    for number, move in enumerate(moves, 1):
        if left_ms() < FIELD_MS:
            raise FillError(_("The form took too long to fill in."))
        if move.verb in ("click", "press"):
            _check(page, written)
            written = []
        else:
            written.append((number, move))
        if move is not moves[-1]:
            _do(page, guard, number, move, moves[-1])
    button = _found(page, len(moves), moves[-1])
    if press:
        _press(page, proxy, guard, button, filling)
        filling.broke_off = proxy.broke_off
    _look(page, filling, left_ms)


def _check(page: Page, written: Sequence[tuple[int, Move]]) -> None:
    for number, move in written:
        if move.verb in ("fill", "choose") and not _still_says(page, move):
            raise FillError(_("Step %(number)d: the field did not keep what was written into it.") % {"number": number})


class _Guard:
    """What a page may send: nothing but plain reading, until a step opens the way."""

    def __init__(self, page: Page) -> None:
        self.open = False
        self.page = page
        page.route("**/*", self._judge)

    def _judge(self, route: Route) -> None:
        request = route.request
        moves_on = request.is_navigation_request() and request.frame == self.page.main_frame
        if self.open or (request.method in ("GET", "HEAD") and not moves_on and request.resource_type != "ping"):
            route.fallback()
        else:
            route.abort("aborted")


def _do(page: Page, guard: _Guard, number: int, move: Move, last: Move) -> None:
    place = _found(page, number, move)
    try:
        if move.verb == "fill":
            place.fill(move.value, timeout=FIELD_MS)
        elif move.verb == "choose":
            _choose(place, move.value)
        elif move.verb == "tick":
            place.check(timeout=FIELD_MS)
        else:
            _click(page, guard, number, place, last)
    except PlaywrightError as error:
        sentence = _("Step %(number)d (%(field)s) could not be done.")
        raise FillError(sentence % {"number": number, "field": move.field}) from error


def _choose(place: Locator, value: str) -> None:
    try:
        place.select_option(label=value, timeout=FIELD_MS / 2)
    except PlaywrightError:
        place.select_option(value=value, timeout=FIELD_MS / 2)


def _click(page: Page, guard: _Guard, number: int, place: Locator, last: Move) -> None:
    """A click on the way. What would send the form is no step on the way, whatever the playbook says."""
    final = _place(page, last)
    if final and final.element_handle().evaluate("(one, other) => one === other", place.element_handle()):
        raise FillError(_("Step %(number)d clicks what sends the form.") % {"number": number})
    guard.open = True
    place.click(timeout=FIELD_MS, no_wait_after=True)
    _settle(page)
    guard.open = False


def _press(page: Page, proxy: GuardProxy, guard: _Guard, button: Locator, filling: Filling) -> None:
    proxy.send_once()

    def on_request(request: Request) -> None:
        filling.sent += request.is_navigation_request() or request.method not in ("GET", "HEAD")

    def on_response(response: Response) -> None:
        if response.request.is_navigation_request() or response.request.method not in ("GET", "HEAD"):
            filling.statuses.append(response.status)

    page.on("request", on_request)
    page.on("response", on_response)
    guard.open = True
    filling.pressed = True
    button.click(timeout=FIELD_MS, no_wait_after=True)
    _settle(page)
    waited = 0.0
    while filling.sent > len(filling.statuses) and not proxy.broke_off and waited < AFTER_PRESS_MS:
        page.wait_for_timeout(STILL_MS)
        waited += STILL_MS
    _settle(page)


def _look(page: Page, filling: Filling, left_ms: Callable[[], float]) -> None:
    """A picture and the words, for the officer; every image on the page stays hidden."""
    filling.url = page.url
    filling.text = str(page.evaluate(TEXT_SCRIPT, TEXT_CHARS))
    tall = int(page.evaluate(TALL_SCRIPT) or 900)
    clip: Any = {"x": 0, "y": 0, "width": WIDTH, "height": max(200, min(tall, TALLEST))}
    filling.picture = page.screenshot(
        full_page=True, clip=clip, type="png", style=blur.BLUR_CSS, animations="disabled", timeout=max(1.0, left_ms())
    )


# --- where a field is --------------------------------------------------------------------------------------------
def _found(page: Page, number: int, move: Move) -> Locator:
    place = _place(page, move)
    if place is None:
        # A page that builds itself by script may be late with its fields.
        page.wait_for_timeout(SETTLE_MS)
        place = _place(page, move)
    if place is None:
        sentence = _("Step %(number)d: the form has no field or button “%(field)s”.")
        raise FillError(sentence % {"number": number, "field": move.field})
    return place


def _place(page: Page, move: Move) -> Locator | None:
    for frame in page.frames:
        with contextlib.suppress(PlaywrightError):  # a frame may be gone meanwhile
            place = _in_frame(frame, move).filter(visible=True)
            if place.count():
                return place.first
    return None


def _in_frame(frame: Frame, move: Move) -> Locator:
    if CSS in move.field:
        return frame.locator("css=" + move.field.partition(CSS)[2].strip())
    if move.verb in ("click", "press"):
        button = frame.get_by_role("button", name=move.field, exact=True)
        return button.or_(frame.get_by_role("link", name=move.field, exact=True))
    return frame.get_by_label(move.field, exact=True).or_(frame.get_by_placeholder(move.field, exact=True))


def _still_says(page: Page, move: Move) -> bool:
    place = _place(page, move)
    if place is None:
        return False
    script = CHOSEN_SCRIPT if move.verb == "choose" else FITS_SCRIPT
    return bool(place.evaluate(script, move.value.replace("\r\n", "\n")))


def _settle(page: Page) -> None:
    page.wait_for_timeout(STILL_MS)
    for state in ("domcontentloaded", "networkidle"):
        with contextlib.suppress(PlaywrightError):
            page.wait_for_load_state(state, timeout=SETTLE_MS)  # type: ignore[arg-type]
