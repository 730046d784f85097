"""Foreign media is hostile: what the cage lets through, what it refuses, and how it says so."""

from __future__ import annotations

import io
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detection.engine import MediaError, cage, fingerprint_media, frame_at
from detection.engine.cage import Limits, run_caged
from tests import clips


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make_clip(tmp_path_factory.mktemp("cage") / "clip.mp4", "coffee", "in", seconds=2)


@pytest.fixture(autouse=True)
def bubblewrap() -> None:
    if not cage.cage_available():
        pytest.fail(f"These tests need a working bubblewrap: {cage.cage_state()}")


def lying_png() -> bytes:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (2_000_000_000).to_bytes(4, "big") * 2
    return header + b"\x08\x02\0\0\0\0\0\0\0" + b"\0\0\0\x04IDATxxxx\0\0\0\0"


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
UNUSABLE = [
    # (name, content, reason code)
    ("an empty file", b"", "empty"),
    ("an error page", b"<!doctype html><html><body>404 Not Found</body></html>", "not_media"),
    ("noise", os.urandom(50_000), "not_media"),
    ("a playlist that names a local file", PLAYLIST, "not_media"),
    ("a list of files", b"ffconcat version 1.0\nfile /etc/passwd\n", "not_media"),
    ("a session description", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n", "not_media"),
    ("a drawing that loads a file", DRAWING, "not_media"),
    ("a picture that lies about its size", lying_png(), "too_large"),
]


@pytest.mark.parametrize(("name", "content", "code"), UNUSABLE, ids=[row[0] for row in UNUSABLE])
def test_what_is_no_medium_is_refused_with_a_reason(name: str, content: bytes, code: str) -> None:
    with pytest.raises(MediaError) as refused:
        fingerprint_media(content, dense=False)
    assert refused.value.reason_code == code
    assert refused.value.sentence.endswith(".")


def test_a_video_cut_off_before_its_table_of_contents_is_called_truncated(clip: Path) -> None:
    whole = clip.read_bytes()
    with pytest.raises(MediaError) as refused:
        fingerprint_media(whole[: len(whole) // 3], dense=False)
    assert refused.value.reason_code == "truncated"


def test_what_is_left_of_a_half_loaded_video_is_used_and_the_loss_is_told(tmp_path: Path) -> None:
    long = clips.make_clip(tmp_path / "long.mkv", "coffee", "in", seconds=4, sound=False)
    half = fingerprint_media(long.read_bytes()[: long.stat().st_size // 3], dense=False)
    assert half.frame_count >= 2
    assert half.warning.startswith("truncated")


def test_sound_alone_is_no_medium_to_look_at(clip: Path, tmp_path: Path) -> None:
    clips._ffmpeg(["-i", str(clip), "-vn", str(tmp_path / "sound.m4a")])
    with pytest.raises(MediaError) as refused:
        fingerprint_media(tmp_path / "sound.m4a", dense=False)
    assert refused.value.reason_code == "no_video"


def test_a_picture_of_too_many_dots_is_refused_quickly(tmp_path: Path) -> None:
    Image.new("1", (8_000, 8_000)).save(tmp_path / "bomb.png")
    started = time.monotonic()
    with pytest.raises(MediaError) as refused:
        fingerprint_media(tmp_path / "bomb.png", dense=False)
    assert refused.value.reason_code == "too_large"
    assert time.monotonic() - started < 10


def test_a_hostile_file_name_stays_outside(clip: Path, tmp_path: Path) -> None:
    for name in ("-i -y.mp4", "name;touch pwn.mp4", "http:evil.mp4", "concat:a|b.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
        assert fingerprint_media(tmp_path / name, dense=False).frame_count >= 8


def test_the_cage_hides_the_files_of_the_machine() -> None:
    outcome = run_caged(["/usr/bin/cat", "/etc/passwd"], Limits(10, 5))
    assert outcome.returncode != 0
    assert outcome.stdout == b""


def test_the_cage_hides_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary-in-the-environment")
    outcome = run_caged(["/usr/bin/env"], Limits(10, 5))
    assert outcome.returncode == 0
    assert b"canary" not in outcome.stdout


def test_the_cage_has_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        outcome = run_caged(["/usr/bin/bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"], Limits(10, 5))
        assert outcome.returncode != 0
        with pytest.raises(TimeoutError):
            listener.accept()


def test_nothing_can_be_written_from_the_cage() -> None:
    outcome = run_caged(["/usr/bin/bash", "-c", "echo x > /tmp/x && cat /tmp/x; echo x > /usr/x"], Limits(10, 5))
    assert b"x\n" not in outcome.stdout
    assert not Path("/usr/x").exists()


def test_the_clock_ends_what_does_not_end() -> None:
    started = time.monotonic()
    with pytest.raises(MediaError) as refused:
        run_caged(["/usr/bin/sleep", "60"], Limits(wall_seconds=0.5, cpu_seconds=5))
    assert refused.value.reason_code == "timed_out"
    assert time.monotonic() - started < 5


def test_spent_processor_time_ends_what_does_not_end() -> None:
    with pytest.raises(MediaError) as refused:
        run_caged(["/usr/bin/bash", "-c", "while :; do :; done"], Limits(wall_seconds=20, cpu_seconds=1))
    assert refused.value.reason_code == "timed_out"


def test_more_output_than_allowed_is_refused() -> None:
    with pytest.raises(MediaError) as refused:
        run_caged(["/usr/bin/cat", "/dev/zero"], Limits(20, 10, output_bytes=1024**2))
    assert refused.value.reason_code == "too_large"


def test_evidence_in_memory_is_read_without_a_file(clip: Path) -> None:
    fd = cage.memory_file(clip.read_bytes())
    try:
        from_memory = fingerprint_media(fd, dense=False)
        again = fingerprint_media(fd, dense=False)
    finally:
        os.close(fd)
    from_path = fingerprint_media(clip, dense=False)
    assert from_memory.to_bytes() == from_path.to_bytes() == again.to_bytes()


def test_without_bubblewrap_the_engine_says_so_loudly(
    clip: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cage, "_cage_trouble", lambda: "bubblewrap is not installed")
    cage._warn_once.cache_clear()
    assert fingerprint_media(clip, dense=False).frame_count >= 8
    assert "WITHOUT the sandbox" in caplog.text
    assert "NOT SANDBOXED" in cage.cage_state()


def test_a_centre_may_insist_on_the_cage(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "_cage_trouble", lambda: "bubblewrap is not installed")
    monkeypatch.setattr(cage, "required", True)
    with pytest.raises(MediaError) as refused:
        fingerprint_media(clip, dense=False)
    assert refused.value.reason_code == "no_cage"


def test_the_officer_sees_a_grey_blurred_picture(clip: Path) -> None:
    sharp = _picture(frame_at(clip, 1.0, width=320, gray=True))
    blurred = _picture(frame_at(clip, 1.0, width=320, gray=True, blur=8))
    assert sharp.width == 320
    assert _colourfulness(sharp) < 2
    assert _roughness(blurred) < _roughness(sharp) / 4


def test_a_picture_past_the_end_is_the_last_one_there_is(clip: Path) -> None:
    assert _colourfulness(_picture(frame_at(clip, 99, width=160, gray=False))) > 10


def _picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def _colourfulness(picture: Image.Image) -> float:
    channels = np.asarray(picture.convert("RGB"), float)
    return float((channels.max(axis=2) - channels.min(axis=2)).mean())


def _roughness(picture: Image.Image) -> float:
    return float(np.abs(np.diff(np.asarray(picture.convert("L"), float), axis=1)).mean())
