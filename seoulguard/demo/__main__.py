"""`./run demo`: a small world on loopback, the whole road, and a site to look at."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import django

from seoulguard.demo import home


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="play the road through, print one JSON object, and end")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="leave mails, captures, bundles, pictures and result.json there"
    )
    parser.add_argument(
        "--pictures", choices=["all", "judged", "none"], default="all",
        help="with --keep: pages in both widths and languages, the two of these that axe looks over, or none",
    )  # fmt: skip
    parser.add_argument(
        "--reference", type=Path, metavar="FILE", help="a clip of your own instead of the synthetic one"
    )
    parser.add_argument("--home", type=Path, metavar="DIR", help="keep the installation's home there (tests search it)")
    parser.add_argument(
        "--port", type=int, default=None, help="port of the web pages (8000, or a free one when headless)"
    )
    given = parser.parse_args()
    if given.reference and not given.reference.is_file():
        parser.error(f"There is no file {given.reference}.")
    return given


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    given = arguments()
    port = given.port or (home.free_port() if given.headless else 8000)
    address = f"127.0.0.1:{port}"
    place = home.new_home(given.home)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="sg-world-") as media:
            return play(given, place, address, Path(media), began)
    finally:
        if not given.home:
            shutil.rmtree(place, ignore_errors=True)


def play(given: argparse.Namespace, place: Path, address: str, media: Path, began: float) -> int:
    from seoulguard.demo.town import Town

    say("making clips and opening three hosting sites …")
    with Town(media, reference=given.reference) as town:
        home.set_environment(place, hosts=town.hosts, smtp_port=town.smtp_port, address=address)
        django.setup()
        from seoulguard.demo.road import Road

        with Road(town, address, keep=given.keep, pictures=given.pictures) as road:
            result = road.travel(say)
            result["seconds"] = {**result["seconds"], "all": round(time.monotonic() - began, 1)}  # type: ignore[dict-item]
            text = json.dumps(result, ensure_ascii=False, indent=1)
            if given.keep:
                (given.keep / "result.json").write_text(text + "\n", encoding="utf-8")
            if given.headless:
                print(text)
            elif result["outcome"] == "complete":
                road.stay(say)
            else:
                print(text)
            return 0 if result["outcome"] == "complete" else 1


if __name__ == "__main__":
    sys.exit(main())
