"""Files as they must not be: what a hurried person or a hostile host really hands over."""

from __future__ import annotations

from pathlib import Path


def empty_file() -> bytes:
    """No bytes at all."""
    return b""


def html_as_mp4() -> bytes:
    """A web page saved under a video's name: the commonest wrong download."""
    return b"<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>\n"


def truncated_mp4(path: Path) -> bytes:
    """The first two fifths of a real clip, as after a broken upload."""
    whole = path.read_bytes()
    return whole[: len(whole) * 2 // 5]


def text_as_jpg() -> bytes:
    """A note under a picture's name."""
    return "메모: 이 파일은 사진이 아닙니다.\n".encode()
