"""Does `hash_media` say what the reference PDQ library says? Needs `pdqhash`, which needs a compiler: not in the lock.

    python -m pip install pdqhash
    python -m benchmarks.pdq

Prints, over the photographs of both pools and the middle of each, how many were compared, and the median and greatest distance in bits.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.recognition.sources import POOLS, gather
from detection.engine import fingerprint
from detection.engine.reading import frame_hashes

CLEAR = 80


def main() -> None:
    rows = [compared(picture) for picture in pictures()]
    distances = [distance for distance, quality in rows if quality >= CLEAR]
    json.dump({"pictures": len(rows), "of_quality_80": len(distances), "median_bits": float(np.median(distances)),
               "most_bits": max(distances), "within_10_bits": sum(one <= 10 for one in distances)}, sys.stdout)  # fmt: skip


def pictures() -> Iterator[np.ndarray]:
    """Every photograph, and the middle of every photograph."""
    for pool in POOLS:
        for one in gather(pool):
            picture = cv2.imread(one.path, cv2.IMREAD_COLOR) if one.kind == "photo" else None
            if picture is not None:
                height, width = picture.shape[:2]
                yield picture
                yield picture[height // 4 : height - height // 4, width // 4 : width - width // 4]


def compared(picture: np.ndarray) -> tuple[int, int]:
    """Distance in bits between the library's hash and ours, and the library's quality."""
    import pdqhash  # type: ignore[import-not-found]

    bits, quality = pdqhash.compute(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    (ours,) = frame_hashes(cv2.imencode(".png", picture)[1].tobytes())
    # The library gives the highest bit first.
    words = [int("".join(str(int(bit)) for bit in bits[start : start + 64]), 2) for start in range(0, 256, 64)]
    theirs = fingerprint.Fingerprint((words[0], words[1], words[2], words[3]))
    return fingerprint.Fingerprint.parse(str(ours["pdq_hex"])).distance(theirs), int(quality)


if __name__ == "__main__":
    main()
