"""Pictures of every page: 390 and 1440 pixels wide, Korean and English. Taken to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from cases.models import Case
from detection.models import Match
from seoulguard.demo.clicks import press, sign_in
from seoulguard.demo.home import PASSWORD
from takedown.models import Notice

WIDTHS = (390, 1440)
LANGUAGES = ("ko", "en")
JUDGED = ("390-ko", "1440-en")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def take_pictures(
    browser: Browser, base: str, folder: Path, receipt: str, clip: Path, *, every: bool = True
) -> list[str]:
    """Write `<page>-<width>-<language>.png` for every page, in `every` width and language or those that are judged.

    Returns what is wrong with the pages themselves: wider than the window, or not accessible (axe, WCAG 2.2 AA).
    """
    faults: list[str] = []
    for width, language in product(WIDTHS, LANGUAGES):
        if not every and f"{width}-{language}" not in JUDGED:
            continue
        album = Album(folder, width, language, faults)
        with page_of(browser, base, width, language) as page:
            public_pages(page, base, album, receipt, clip)
        for user, walk in (("jiwoo", officer_pages), ("hana", admin_pages)):
            with page_of(browser, base, width, language) as page:
                sign_in(page, base, user, PASSWORD)
                walk(page, base, album)
    return faults


class Album:
    """Names and takes the pictures of one width and language, and looks each page over."""

    def __init__(self, folder: Path, width: int, language: str, faults: list[str]) -> None:
        self.folder, self.suffix, self.faults = folder, f"{width}-{language}", faults
        # axe takes longer than all else: each width and each language is judged once.
        self.judged = self.suffix in JUDGED

    def take(self, page: Page, name: str) -> None:
        page.evaluate("document.activeElement && document.activeElement.blur()")
        page.screenshot(path=self.folder / f"{name}-{self.suffix}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth - window.innerWidth") > 0:
            self.faults.append(f"{name}-{self.suffix}: wider than its window")
        # Django's own pages under /keep/ are pictured, not judged.
        if self.judged and not name.startswith("settings"):
            self.faults += [f"{name}-{self.suffix}: {rule}" for rule in inaccessible(page)]


def inaccessible(page: Page) -> list[str]:
    """Rules of axe that the page breaks."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    return [violation["id"] for violation in found.response["violations"]]


@contextmanager
def page_of(browser: Browser, base: str, width: int, language: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{"name": "django_language", "value": language, "url": base}])
    try:
        yield context.new_page()
    finally:
        context.close()


def public_pages(page: Page, base: str, album: Album, receipt: str, clip: Path) -> None:
    for name, path in (("home", "/"), ("safety", "/safety/"), ("not-found", "/nothing-here/")):
        page.goto(base + path)
        album.take(page, name)
    page.goto(base + "/status/")
    album.take(page, "status-code")
    page.fill("input[name=code]", receipt)
    press(page)
    album.take(page, "status")
    page.goto(base + "/start/")
    for number in range(1, 6):
        album.take(page, f"intake-{number}")
        if number == 3:
            page.set_input_files("input[type=file]", str(clip))
        if number < 5:
            press(page)
    page.goto(base + "/account/login/")
    album.take(page, "sign-in")


def officer_pages(page: Page, base: str, album: Album) -> None:
    case, match = Case.objects.latest("opened_at"), Match.objects.filter(location__isnull=False).first()
    drafted = Notice.objects.filter(status=Notice.Status.DRAFT).first()
    paths = {"desk": "/desk/", "sent": "/desk/sent/", "cases": "/cases/", "case": f"/cases/{case.pk}/",
             "terms": f"/desk/cases/{case.pk}/terms/", "cost": f"/desk/cases/{case.pk}/cost/", "answers": "/desk/answers/",
             "contacts": "/desk/contacts/", "second-factor": "/account/2fa/"}  # fmt: skip
    if match:
        paths["match"] = f"/desk/matches/{match.pk}/"
        paths["bundle"] = f"/desk/matches/{match.pk}/bundle/"
    if drafted:
        paths["letter-draft"] = f"/desk/notices/{drafted.pk}/"
    for language in ("en", "ja", "ru"):
        notice = Notice.objects.filter(language=language, status=Notice.Status.REMOVED).first()
        if notice:
            paths[f"letter-sent-{language}"] = f"/desk/notices/{notice.pk}/"
    for name, path in paths.items():
        page.goto(base + path)
        album.take(page, name)


def admin_pages(page: Page, base: str, album: Album) -> None:
    paths = {"health": "/health/", "contacts-import": "/desk/contacts/import/", "all-settings": "/keep/settings/", "settings": "/keep/",
             "settings-sites": "/keep/takedown/hostingsite/", "settings-sources": "/keep/detection/source/"}  # fmt: skip
    for name, path in paths.items():
        page.goto(base + path)
        album.take(page, name)
