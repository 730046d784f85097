"""One upload on a hosting site: its addresses, its file and its small picture."""

from __future__ import annotations

import secrets
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

MEDIA_TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".mov": "video/quicktime"}


@dataclass(frozen=True)
class Planting:
    """One upload, by the addresses a visitor sees."""

    page_url: str
    media_url: str


@dataclass
class Upload:
    """One upload as its site keeps it. `posted_at` is UTC."""

    clip: Path
    title: str
    uploader: str
    posted_at: datetime
    slug: str = field(default_factory=lambda: secrets.token_hex(6))
    file_name: str = field(default_factory=lambda: secrets.token_hex(8))
    up: bool = True

    @property
    def page_path(self) -> str:
        return f"/watch/{self.slug}"

    @property
    def media_path(self) -> str:
        return f"/media/{self.file_name}{self.clip.suffix.lower()}"

    @property
    def thumb_path(self) -> str:
        return f"/thumb/{self.slug}.jpg"

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES.get(self.clip.suffix.lower(), "application/octet-stream")

    @property
    def views(self) -> int:
        return 40 + int(self.slug, 16) % 4800

    @cached_property
    def thumbnail(self) -> bytes:
        """A small JPEG of the first second; empty when the file holds no picture."""
        scaled = ("-vf", "thumbnail=25,scale=320:-2", "-frames:v", "1", "-f", "image2pipe", "-c:v", "mjpeg", "-")
        command = [get_ffmpeg_exe(), "-v", "error", "-nostdin", "-t", "1", "-i", str(self.clip), *scaled]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).stdout
