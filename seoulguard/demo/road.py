"""The installation of the demo and the journey on it."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Error as PlaywrightError

from seoulguard.demo import cast, journey
from seoulguard.demo.clicks import Clicks
from seoulguard.demo.home import PASSWORD
from seoulguard.demo.town import Town
from seoulguard.supervisor import Installation
from takedown.ladder_models import places_of
from takedown.models import Notice

Say = Callable[[str], None]
LEFT_TO_DECIDE = (("Saturday clip", "harbor_guest"), ("土曜日の動画", "machi_guest"), ("Субботнее видео", "gost_21"))


class Road:
    """Starts the installation, walks it, and stops it again."""

    def __init__(self, town: Town, address: str, *, keep: Path | None, pictures: str = "all") -> None:
        self.town, self.address, self.keep, self.pictures = town, address, keep, pictures
        self.stages = journey.Stages()
        self._again = ""  # where the clip came back
        self._waiting: set[str] = set()  # the copies whose letters are left as drafts
        self._page_faults: list[str] = []
        self._parts = Installation(address, log_folder=settings.HOME / "logs")

    def __enter__(self) -> Road:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        cast.seed(self.town.world.sites)
        self._parts.__enter__()
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.__exit__(kind, error, trace)

    def travel(self, say: Say) -> dict[str, object]:
        """Walk every step; the JSON object of the demo. A step that did not happen is named in it."""
        self.stages.ended("set_up")
        try:
            with Clicks(f"http://{self.address}") as clicks:
                self._walk(clicks, say)
            outcome, why = "complete", ""
        except (journey.JourneyError, PlaywrightError) as error:
            outcome, why = "incomplete", f"{error} {journey.rows_now()}"
        facts = journey.counts(self.town.world, self._again, self._waiting)
        complete = outcome == "complete" and self._holds(facts)
        return {
            "outcome": "complete" if complete else "incomplete",
            "why": why,
            "reference": "given" if self.town.reference.parent != self.town.folder else "synthetic",
            "seconds": self.stages.seconds,
            "found_to_draft_seconds": journey.found_to_draft(),
            **facts,
            "mails_received": len(self.town.mail.mails),
            "page_faults": self._page_faults,
        }

    def _holds(self, facts: dict[str, object]) -> bool:
        return (
            facts["copies_found"] == facts["copies_planted"]
            and facts["false_matches"] == 0
            and facts["removals_verified"] == int(str(facts["copies_planted"])) + 1
            and bool(facts["reupload_recognised"])
            and len(self.town.mail.mails) == Notice.objects.exclude(status=Notice.Status.DRAFT).count()
        )

    def _walk(self, clicks: Clicks, say: Say) -> None:
        world, ended = self.town.world, self.stages.ended
        say("a victim tells it once, on a phone …")
        receipt = clicks.report(self.town.reference)
        ended("intake")
        journey.wait_for("fingerprint", journey.evidence_ready, seconds=90)
        ended("fingerprint")
        say("the watch visits three hosting sites …")
        journey.visit_now()
        journey.wait_for("letter for every copy", lambda: journey.noticed(journey.planted_media(world)), seconds=240)
        ended("found_captured_drafted")
        say("an officer reads, edits and approves …")
        clicks.sign_in("jiwoo", PASSWORD)
        self._approve_all(clicks)
        ended("review_and_approval")
        say("letters leave, hosts delete, removal is seen twice …")
        journey.wait_for("letter sent", journey.all_sent, seconds=60)
        ended("undo_window_and_sending")
        journey.wait_for("removal verified", journey.all_removed, seconds=120)
        ended("removal_verified")
        say("the clip comes back …")
        self._again = self.town.upload_again().media_url
        journey.visit_now()
        notice = journey.wait_for("re-upload found", lambda: journey.reupload_notice(self._again), seconds=180)
        assert notice is not None  # noqa: S101
        clicks.approve(str(notice.pk))
        journey.wait_for("second removal verified", journey.all_removed, seconds=120)
        ended("reupload_to_removal")
        clicks.read_status(receipt)
        ended("status_read")
        if self.keep:
            say("keeping mails, captures, bundles and pictures of every page …")
            self._keep(clicks, receipt)
            ended("pictures")

    def _approve_all(self, clicks: Clicks) -> None:
        for number, notice in enumerate(Notice.objects.filter(status=Notice.Status.DRAFT).order_by("drafted_at")):
            match = places_of(notice).first()
            assert match is not None  # noqa: S101
            if number == 0:
                clicks.look_at_match(str(match.match_id))
                clicks.add_to_letter(str(notice.pk), "This request concerns all mirrors of the page as well.")
            clicks.approve(str(notice.pk))

    def _keep(self, clicks: Clicks, receipt: str) -> None:
        from seoulguard.demo.pictures import take_pictures

        assert self.keep  # noqa: S101
        for name in ("mail", "captures", "bundles", "pages"):
            shutil.rmtree(self.keep / name, ignore_errors=True)
            (self.keep / name).mkdir(parents=True)
        for number, mail in enumerate(self.town.mail.mails, start=1):
            (self.keep / "mail" / f"{number:02d}.eml").write_bytes(mail)
        journey.keep_captures(self.keep / "captures")
        journey.keep_bundles(self.keep / "bundles")
        if self.pictures != "none":
            self._something_to_decide()
            self._page_faults = take_pictures(
                clicks.browser, f"http://{self.address}", self.keep / "pages", receipt, self.town.reference,
                every=self.pictures == "all",
            )  # fmt: skip

    def _something_to_decide(self) -> None:
        """One more copy on every site, whose letters stay drafts; put out once."""
        if self._waiting:
            return
        for site, (title, uploader) in zip(self.town.world.sites, LEFT_TO_DECIDE, strict=True):
            self._waiting.add(site.plant(self.town.reference, title=title, uploader=uploader).media_url)
        journey.visit_now()
        journey.wait_for("drafts to try", lambda: journey.noticed(self._waiting), seconds=180)

    def stay(self, say: Say) -> None:
        """Leave something to decide, and stay until interrupted."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self._something_to_decide()
        say(f"\nSeoulGuard (demo) answers at http://{self.address} - stop it with Ctrl+C.")
        say(f"  officer  jiwoo   {PASSWORD}   {'letters wait at'} http://{self.address}/desk/")
        for name, what in (("sora", "lead"), ("hana", "admin"), ("yuna", "auditor")):
            say(f"  {what:<8} {name:<7} {PASSWORD}")
        say(f"  intake   no log-in        http://{self.address}/\n")
        stop.wait()
