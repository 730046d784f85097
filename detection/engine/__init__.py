"""Recognition: is this the victim's material? Pure Python, numpy and OpenCV, no Django; give it files, get findings.

references = ReferenceSet()
references.add("a", fingerprint_media("reference.mp4", dense=True))
for finding in compare(fingerprint_media("found.mp4", dense=False), references): ...
"""

import os

# Its matrices are small: threads that wait for one another would cost more than they save. Before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .cage import MediaError, cage_available, cage_state, memory_file, open_media
from .frames import frame_at
from .media import MediaFingerprint
from .reading import fingerprint_media, length_of
from .scoring import Finding, Segment, compare
from .shelf import ReferenceSet
from .stored import OldFingerprint

__all__ = [
    "Finding",
    "MediaError",
    "MediaFingerprint",
    "OldFingerprint",
    "ReferenceSet",
    "Segment",
    "cage_available",
    "cage_state",
    "compare",
    "fingerprint_media",
    "frame_at",
    "length_of",
    "memory_file",
    "open_media",
]
