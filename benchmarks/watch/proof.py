"""How long it takes from finding a copy to a complete evidence bundle: `python -m benchmarks.watch.proof`.

A ten-minute 720p film on a loopback site shows a minute of the registered recording. Every run is another site with bytes
of its own, so that nothing is known: listing visited, film downloaded, looked at for the first time, page captured with
Chromium, film and frames sealed, letter drafted, bundle written with its reports and signature, bundle verified. Where the
first look confirms nothing, fingerprint and comparison of the whole film are part of it. The examination of the whole film
waits until the proof is made; it is told apart ("later") and is no part of the total.
The verbs run one after the other without the queue; no time-stamp authority is configured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import imageio_ffmpeg
from django.utils import timezone

from benchmarks.watch import film_site
from benchmarks.watch.house import cpu_seconds, hand_in, make_case, open_house

LIMIT_SECONDS = 20.0
STAGES = (
    "visit",
    "download",
    "first_look",
    "fingerprint",
    "compare",
    "capture_page",
    "seal_media_frames",
    "draft",
    "bundle",
    "other",
    "total",
)
# Of the examination of the whole film, after the bundle.
LATER = ("later_fingerprint", "later_compare", "later_examine")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--film", type=Path, help="a film made before, instead of a new one")
    parser.add_argument("--json", type=Path, help="where the figures go")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sg-proof-") as made:
        folder = Path(made)
        film = chosen.film or _film(folder / "film.mp4", chosen.minutes * 60, chosen.height)
        told = measure(folder, film, recording_in(film, folder / "recording.mp4", chosen.minutes * 60), chosen.runs)
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(table(told))
    return 0 if told["stages"]["total"]["p95"] <= LIMIT_SECONDS else 1


def _film(path: Path, seconds: float, height: int) -> Path:
    from benchmarks.throughput import footage

    return footage.write(path, seconds, height, seed=810)


def recording_in(film: Path, target: Path, seconds: float) -> Path:
    """The registered recording: the second tenth of the film, mirrored and smaller, at most a minute."""
    cut = [
        "-ss",
        f"{seconds / 10:.2f}",
        "-t",
        f"{min(60.0, seconds / 10):.2f}",
        "-i",
        str(film),
        "-vf",
        "hflip,scale=-2:480",
    ]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *cut, "-preset", "veryfast", str(target)], check=True
    )
    return target


def measure(folder: Path, film: Path, recording: Path, runs: int) -> dict[str, Any]:
    """Seconds of each stage in each run, with p50 and p95, and the CPU seconds of a run."""
    with film_site.opened(film) as port:
        open_house(folder / "home", {f"run{number}.example": f"127.0.0.1:{port}" for number in range(runs)})
        hand_in(make_case(), recording)
        _make_letters()
        rows: list[dict[str, float]] = []
        for number in range(runs):
            before = cpu_seconds()
            rows.append(_one(number, folder / f"{number}.zip"))
            later = rows[-1]["later_examine_cpu"]
            rows[-1] |= {"other_cpu": 0.0, "total_cpu": cpu_seconds() - before - later}
    return {
        "runs": runs, "film_megabytes": round(film.stat().st_size / 1e6, 1), "bundle_megabytes": rows[-1].pop("size") / 1e6,
        "stages": {
            stage: {"p50": _share(rows, stage, 0.5), "p95": _share(rows, stage, 0.95), "cpu_p50": _share(rows, f"{stage}_cpu", 0.5)}
            for stage in (*STAGES, *LATER)
        },
        "rows": rows,
    }  # fmt: skip


def _make_letters() -> None:
    from takedown import seeding

    seeding.seed_lawbook()
    seeding.demo_organisation()


# --- one run -----------------------------------------------------------------------------------------------------
def _one(number: int, out: Path) -> dict[str, float]:
    """From the visit that finds the film to the verified bundle; seconds by stage, `total` from `found_at`."""
    from detection import pipeline
    from detection.models import Candidate, Source
    from takedown import drafting
    from takedown.management.commands.export_bundle import write_bundle

    source = Source.objects.create(name=f"Run {number}", kind=Source.Kind.LISTING, url=f"http://run{number}.example/")
    watch = Stopwatch()
    with watch.inside():
        (candidate_id,) = watch.of("visit", lambda: pipeline.visit_source(source.pk))
        (match_id,) = pipeline.examine_candidate(candidate_id)
        if not pipeline.capture_match(match_id):
            raise RuntimeError("the match was not captured")
        match = _captured(match_id)
        drafted = watch.of("draft", lambda: drafting.draft_due(timezone.now()))
        watch.of("bundle", lambda: write_bundle(match, out, reason="measured"))
    found_at = Candidate.objects.get(pk=candidate_id).found_at
    total = (timezone.now() - found_at).total_seconds()
    _check(match, drafted, out)
    later = _later(candidate_id, match_id)
    # What passes before `found_at` is the visit's own and not part of the promise.
    within = {stage: seconds for stage, seconds in watch.seconds.items() if stage != "visit"}
    cpu = {f"{stage}_cpu": seconds for stage, seconds in watch.cpu.items()}
    return {
        **watch.seconds, **cpu, "other": total - sum(within.values()), "total": total, **later, "size": out.stat().st_size
    }  # fmt: skip


def _later(candidate_id: Any, match_id: Any) -> dict[str, float]:
    """The examination of the whole film, as the sweep would ring for it; it must come to an end of its own."""
    from detection import pipeline
    from detection.models import Candidate

    rest = Stopwatch()
    if Candidate.objects.filter(pk=candidate_id, status=Candidate.Status.NEW).update(retry_at=None):
        with rest.inside():
            rest.of("later_examine", lambda: pipeline.examine_candidate(candidate_id))
    match = _captured(match_id)
    if match.candidate.status != Candidate.Status.MATCHED or match.judged_in_part:
        raise RuntimeError(f"the whole film was not examined: {match.candidate.status}, {match.candidate.reason}")
    steps = {"fingerprint": "later_fingerprint", "compare": "later_compare", "later_examine": "later_examine"}
    seconds = {name: rest.seconds.get(stage, 0.0) for stage, name in steps.items()}
    return seconds | {f"{name}_cpu": rest.cpu.get(stage, 0.0) for stage, name in steps.items()}


def _captured(match_id: Any) -> Any:
    from detection.models import Match

    return Match.objects.select_related("case", "candidate", "evidence", "capture").get(pk=match_id)


def _check(match: Any, drafted: list[Any], out: Path) -> None:
    """A bundle that lacks something, or that a stranger's verifier refuses, took no time at all."""
    import zipfile

    names = {part.name for part in match.capture.parts.all()}
    wanted = {"screenshot.png", "page.mhtml", "page.wacz", "media", "frame-1-found.jpg", "frame-1-evidence.jpg"}
    if match.capture.method != match.capture.Method.BROWSER or not wanted <= names or not drafted:
        raise RuntimeError(
            f"the proof is not whole: {match.capture.method}, {sorted(wanted - names)}, {len(drafted)} letters"
        )
    with zipfile.ZipFile(out) as opened, tempfile.TemporaryDirectory() as folder:
        verifier = Path(opened.extract("verify_bundle.py", folder))
        subprocess.run([sys.executable, "-I", "-S", str(verifier), str(out)], check=True, stdout=subprocess.DEVNULL)


class Stopwatch:
    """Seconds and CPU seconds by stage. `inside()` puts watches around the steps that lie within a verb."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(STAGES[:-2], 0.0)
        self.cpu: dict[str, float] = dict.fromkeys(STAGES[:-2], 0.0)

    def of(self, stage: str, work: Callable[[], Any]) -> Any:
        began, used = time.monotonic(), cpu_seconds()
        try:
            return work()
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - began
            self.cpu[stage] = self.cpu.get(stage, 0.0) + cpu_seconds() - used

    @contextmanager
    def inside(self) -> Iterator[None]:
        from detection import arrival, known, pipeline, preserve

        steps = [
            (arrival.Arrival, "_ask", "download"), (known, "first_look", "first_look"),
            (known, "fingerprint_media", "fingerprint"), (pipeline, "compare", "compare"),
            (preserve, "page_of", "capture_page"), (preserve, "add_media_and_frames", "seal_media_frames"),
        ]  # fmt: skip
        with ExitStack() as stack:
            for owner, name, stage in steps:
                stack.enter_context(mock.patch.object(owner, name, self._timed(stage, getattr(owner, name))))
            yield

    def _timed(self, stage: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            return self.of(stage, lambda: step(*args, **named))

        return timed


def _share(rows: list[dict[str, float]], stage: str, share: float) -> float:
    """The smallest value that this share of the runs does not exceed."""
    ordered = sorted(row[stage] for row in rows)
    return round(ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)], 2)


def table(told: dict[str, Any]) -> str:
    lines = ["| stage | p50 s | p95 s | CPU p50 s |", "|---|---|---|---|"]
    lines += [
        f"| {stage} | {row['p50']:.2f} | {row['p95']:.2f} | {row['cpu_p50']:.2f} |"
        for stage, row in told["stages"].items()
    ]
    said = f"{told['runs']} runs, film of {told['film_megabytes']} MB, bundle of {told['bundle_megabytes']:.1f} MB. "
    return "\n".join([*lines, f"{said}Allowed: p95 of the total ≤ {LIMIT_SECONDS:.0f} s."])


if __name__ == "__main__":
    sys.exit(main())
