"""The cage around ffmpeg: foreign media is decoded without network, files, environment or unlimited memory.

Layers, outermost first (each one was measured against a corpus of damaged and hostile files, docs/security.md):
1. a wall clock in this process that kills the whole process group;
2. prlimit: address space, CPU seconds, no file may be written, few descriptors, no core dump;
3. bubblewrap: own user, network, process and mount namespaces, no capabilities, an empty environment;
4. ffmpeg's own whitelists of protocols and formats and its limit on picture size.

The medium enters as an open file descriptor and never as a name: a hostile file name cannot reach the command line,
and evidence decrypted into an anonymous memory file is decoded without a plain copy on any disk.
"""

from __future__ import annotations

import fcntl
import functools
import logging
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

logger = logging.getLogger(__name__)

MAX_BYTES = 8 * 1024**3
MAX_PIXELS = 40_000_000
ADDRESS_SPACE_BYTES = 1_500_000_000
STDERR_BYTES = 64 * 1024
# The most an ordinary account may have on Linux.
PIPE_BYTES = 1024 * 1024
# Playlists, session descriptions and lists of other files (hls, dash, sdp, rtp, concat, image2) are left out.
FORMATS = (
    "mov,matroska,avi,flv,mpegts,mpeg,gif,gif_pipe,asf,webp_anim,"
    "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe,wav,mp3,ogg,aac,flac"
)
PROTOCOLS = "file,pipe"
# As first process of its namespace ffmpeg is killed by the kernel at the limit instead of being asked to stop.
KILLED = {sign for number in (signal.SIGXCPU, signal.SIGKILL) for sign in (-number, 128 + number)}

# Set to True (settings.CAGE_REQUIRED) to refuse foreign media where bubblewrap cannot work.
required = False

MediaSource = str | Path | bytes | bytearray | memoryview | int | IO[bytes]


class MediaError(Exception):
    """A medium that cannot be used. `reason_code` is stable, `sentence` is for a person."""

    def __init__(self, reason_code: str, sentence: str):
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence

    def __reduce__(self) -> tuple[type[MediaError], tuple[str, str]]:
        return (MediaError, (self.reason_code, self.sentence))


@dataclass(frozen=True)
class Limits:
    """What one call may use. Seconds are wall clock and CPU; `output_bytes` is what may come back."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    output_bytes: int = 300 * 1024**2


@dataclass(frozen=True)
class Outcome:
    returncode: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True)
class OpenMedia:
    """A medium as an open, seekable descriptor."""

    fd: int
    size: int

    @property
    def path_inside(self) -> str:
        return f"/proc/self/fd/{self.fd}"


@contextmanager
def open_media(source: MediaSource | OpenMedia) -> Iterator[OpenMedia]:
    """Open a path, bytes, a descriptor or a file object for the cage; bytes go through an anonymous memory file.

    Raises MediaError `missing`, `empty` or `too_large`. A descriptor that is passed in stays the caller's to close.
    """
    if isinstance(source, OpenMedia):
        yield source
        return
    fd = _descriptor_of(source)
    try:
        size = os.fstat(fd).st_size
        if size == 0:
            raise MediaError("empty", "The file is empty.")
        if size > MAX_BYTES:
            raise MediaError("too_large", f"The file is larger than {MAX_BYTES // 1024**3} GB.")
        yield OpenMedia(fd, size)
    finally:
        os.close(fd)


def _descriptor_of(source: MediaSource) -> int:
    if isinstance(source, str | Path):
        try:
            return os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise MediaError("missing", f"The file cannot be opened: {error.strerror}.") from error
    if isinstance(source, bytes | bytearray | memoryview):
        return memory_file(source)
    return os.dup(source if isinstance(source, int) else source.fileno())


def memory_file(content: bytes | bytearray | memoryview) -> int:
    """An anonymous file in memory holding `content`; the caller closes the returned descriptor."""
    fd = os.memfd_create("media", os.MFD_CLOEXEC)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    return fd


@functools.cache
def ffmpeg_binary() -> str:
    """Path of the ffmpeg in use: the wheel's own, else the system's."""
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        found = shutil.which("ffmpeg")
        if found is None:
            raise MediaError("no_ffmpeg", "No ffmpeg is installed: neither imageio-ffmpeg nor the system's.") from None
        return found


def caged_command(command: list[str], limits: Limits | None = None) -> list[str]:
    """The whole command line for running `command` caged. `/ffmpeg` inside is the ffmpeg in use."""
    limits = limits or Limits()
    if cage_available():
        return [*_prlimit(limits), *_bubblewrap(), "--", *command]
    if required:
        raise MediaError("no_cage", f"Foreign media is not opened here: {_cage_trouble()}.")
    _warn_once()
    return [*_prlimit(limits), *_without_cage(command)]


def _without_cage(command: list[str]) -> list[str]:
    return [ffmpeg_binary() if command[0] == "/ffmpeg" else command[0], *command[1:]]


def _prlimit(limits: Limits) -> list[str]:
    binary = shutil.which("prlimit")
    if binary is None:
        return []
    return [binary, f"--as={ADDRESS_SPACE_BYTES}", f"--cpu={limits.cpu_seconds}", "--fsize=0", "--nofile=64",
            "--core=0", "--"]  # fmt: skip


def _bubblewrap() -> list[str]:
    # --as-pid-1: bubblewrap's own init would exit before its child is counted, and the CPU seconds would be lost.
    return [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
        "--uid", "65534", "--gid", "65534", "--clearenv",
        "--ro-bind", "/usr", "/usr",
        "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
        "--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
        "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",  # noqa: S108 (inside the namespace)
        "--ro-bind", os.path.realpath(ffmpeg_binary()), "/ffmpeg",
        "--chdir", "/", "--setenv", "PATH", "/usr/bin",
    ]  # fmt: skip


@functools.cache
def _cage_trouble() -> str:
    """Empty when bubblewrap works here, else the reason it does not."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    trial = [*_bubblewrap(), "--", "/ffmpeg", "-version"]
    try:
        outcome = subprocess.run(trial, capture_output=True, timeout=20, env={}, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start: {error}"
    if outcome.returncode == 0:
        return ""
    return outcome.stderr.decode(errors="replace").strip()[:200] or "bubblewrap failed"


def cage_available() -> bool:
    """True when media is decoded inside bubblewrap on this machine."""
    return _cage_trouble() == ""


def cage_state() -> str:
    """One line for `doctor`: what holds ffmpeg here."""
    limits = "prlimit" if shutil.which("prlimit") else "no prlimit"
    return f"bubblewrap + {limits}" if cage_available() else f"{limits} only, NOT SANDBOXED: {_cage_trouble()}"


@functools.cache
def _warn_once() -> None:
    logger.warning("Media is decoded WITHOUT the sandbox (%s). Hostile files could read this account's files.",
                   _cage_trouble())  # fmt: skip


def input_options() -> dict[str, Any]:
    """ffmpeg's own whitelists, as options of the input."""
    return {
        "protocol_whitelist": PROTOCOLS,
        "format_whitelist": FORMATS,
        "max_pixels": MAX_PIXELS,
        "threads": 1,
    }


def run_ffmpeg(arguments: list[str], media: OpenMedia, limits: Limits | None = None,
               use: Callable[[bytes], None] | None = None) -> Outcome:  # fmt: skip
    """Run ffmpeg caged on one medium and return what it wrote, or give it to `use` piece by piece while it comes.

    Raises MediaError `timed_out` or `too_large`.
    """
    limits = limits or Limits()
    command = ["/ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-filter_threads", "1", *arguments]
    return run_caged(command, limits, (media.fd,), use)


def run_caged(command: list[str], limits: Limits, pass_fds: tuple[int, ...] = (),
              use: Callable[[bytes], None] | None = None) -> Outcome:  # fmt: skip
    """Run any command caged, with a wall clock that kills its whole group."""
    with subprocess.Popen(
        caged_command(command, limits), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        pass_fds=pass_fds, env={"PATH": "/usr/bin:/bin"}, cwd="/", start_new_session=True, bufsize=0,
    ) as process:  # fmt: skip
        _widen(process.stdout)
        try:
            stdout, stderr = _collect(process, limits, use)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        returncode = process.wait()
    if returncode in KILLED:
        raise MediaError("timed_out", "Decoding used more processor time or memory than is allowed.")
    return Outcome(returncode, stdout, stderr)


def _widen(pipe: IO[bytes] | None) -> None:
    """Room for the decoder to go on while the last pictures are looked at: with the usual 64 KiB one waits for the other."""
    with suppress(OSError, AttributeError):  # an account may have used up its room; elsewhere there is none
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # type: ignore[arg-type]


def _collect(process: subprocess.Popen[bytes], limits: Limits, use: Callable[[bytes], None] | None
             ) -> tuple[bytes, str]:  # fmt: skip
    out, err, count = bytearray(), bytearray(), 0
    deadline = time.monotonic() + limits.wall_seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, out)  # type: ignore[arg-type]
        selector.register(process.stderr, selectors.EVENT_READ, err)  # type: ignore[arg-type]
        while selector.get_map():
            ready = selector.select(timeout=max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                raise MediaError("timed_out", f"Decoding took longer than {limits.wall_seconds:.0f} seconds.")
            for key, _ in ready:
                chunk = os.read(key.fd, 1 << 18)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data is out:
                    count += len(chunk)
                    out.extend(chunk) if use is None else use(chunk)
                elif len(err) < STDERR_BYTES:
                    err.extend(chunk)
            if count > limits.output_bytes:
                raise MediaError("too_large", "Decoding gave more pictures than are allowed.")
    return bytes(out), err.decode("utf-8", errors="replace")
