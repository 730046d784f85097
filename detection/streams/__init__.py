"""Videos that sites send in pieces: the manifest is read here, every piece comes through the one door.

ffmpeg never sees an address: it gets one file in memory, joined from the pieces (threats.md B4b).
"""

from __future__ import annotations

from detection.streams.joining import Joined, is_manifest, join

__all__ = ["Joined", "is_manifest", "join"]
