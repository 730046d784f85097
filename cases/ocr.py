"""Reads the letters in a picture of a page with tesseract, Korean and English, inside a cage. Optional everywhere.

The picture comes from our own browser, but what it shows was drawn by a hostile page. So: a wall clock, prlimit, and
bubblewrap without network, files or environment, as for foreign media (`detection.engine.cage`, which the vault may not
import). Only the top of a page is read: there it says what it is, and each line costs a tenth of a second.
"""

from __future__ import annotations

import functools
import io
import shutil
import subprocess

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image

TALLEST = 1000
WALL_SECONDS = 6.0
CPU_SECONDS = 12
ADDRESS_SPACE_BYTES = 1_500_000_000
FILE_BYTES = 32 * 1024 * 1024
WANTED = ("kor", "eng")
LEAST_CONFIDENCE = 40.0


class OcrError(Exception):
    """Nothing was read. `reason_code`: no_ocr, no_cage, timed_out or failed; `sentence` is for people."""

    def __init__(self, reason_code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence


def read_picture(png: bytes) -> list[str]:
    """The lines in the top of a picture, in reading order. Raises OcrError."""
    languages = "+".join(installed_languages())
    if not languages:
        raise OcrError("no_ocr", _("No text was read from the picture: tesseract is not installed."))
    command = ["tesseract", "stdin", "stdout", "-l", languages, "--psm", "3", "tsv"]
    try:
        ran = subprocess.run(
            _caged(command), input=_top_of(png), capture_output=True, timeout=WALL_SECONDS, check=False, cwd="/",
            env={"PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1"}, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise OcrError("timed_out", _("No text was read from the picture: it took too long.")) from error
    if ran.returncode != 0:
        raise OcrError("failed", _("No text was read from the picture: the reader broke down."))
    return _lines(ran.stdout.decode("utf-8", "replace"))


@functools.cache
def installed_languages() -> tuple[str, ...]:
    """Those of Korean and English that tesseract has here; empty without it."""
    binary = shutil.which("tesseract")
    if binary is None:
        return ()
    ran = subprocess.run([binary, "--list-langs"], capture_output=True, text=True, check=False, timeout=20)
    return tuple(name for name in WANTED if name in ran.stdout.split())


def version() -> str:
    """The first line tesseract says of itself, "" without it."""
    binary = shutil.which("tesseract")
    if binary is None:
        return ""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False, timeout=20)
    return (said.stdout or said.stderr).partition("\n")[0].strip()


def _top_of(png: bytes) -> bytes:
    """Grey, because tesseract needs no more, and uncompressed, because it is read once."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
        picture.crop((0, 0, picture.width, min(picture.height, TALLEST))).convert("L").save(stream, "PPM")
    return stream.getvalue()


def _lines(tsv: str) -> list[str]:
    """Tesseract's table has one row per word; words it was not sure of are left out, empty lines too."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in tsv.splitlines()[1:]:
        fields = row.split("\t")
        if len(fields) == 12 and fields[11].strip() and float(fields[10]) >= LEAST_CONFIDENCE:
            lines.setdefault(tuple(fields[1:5]), []).append(fields[11].strip())
    return [" ".join(words) for words in lines.values()]


# --- the cage ----------------------------------------------------------------------------------------------------
def _caged(command: list[str]) -> list[str]:
    limits = shutil.which("prlimit")
    limited = [
        limits, f"--as={ADDRESS_SPACE_BYTES}", f"--cpu={CPU_SECONDS}", f"--fsize={FILE_BYTES}", "--nofile=64",
        "--core=0", "--",
    ] if limits else []  # fmt: skip
    if _bubblewrap_works():
        return [*limited, *_bubblewrap(), "--", *command]
    if settings.CAGE_REQUIRED:
        raise OcrError("no_cage", _("No text was read from the picture: its sandbox does not work on this server."))
    return [*limited, *command]


def _bubblewrap() -> list[str]:
    return [
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
        "--uid", "65534", "--gid", "65534", "--clearenv", "--ro-bind", "/usr", "/usr",
        "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
        "--ro-bind-try", "/etc/alternatives", "/etc/alternatives", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",  # noqa: S108 (inside the namespace)
        "--chdir", "/", "--setenv", "PATH", "/usr/bin", "--setenv", "OMP_THREAD_LIMIT", "1",
    ]  # fmt: skip


@functools.cache
def _bubblewrap_works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    try:
        trial = subprocess.run(
            [*_bubblewrap(), "--", "tesseract", "--version"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return trial.returncode == 0
