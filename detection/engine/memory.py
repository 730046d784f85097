"""Memory that is freed and asked for again at once.

OpenCV builds a stack of pictures anew for every frame it looks for points in. glibc hands what was freed back to the
system and asks for it again a moment later, page by page: up to a third of the time of registering a film went there.
"""

import ctypes
import functools

# <malloc.h>: what may be freed before it is handed back, and from what size memory is taken from the system directly.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
KEPT_BYTES, LARGE_BYTES = 64 * 1024**2, 32 * 1024**2


@functools.cache
def keep_freed_memory() -> None:
    """Let this process keep up to KEPT_BYTES of what it frees. Does nothing where the C library is not glibc."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, LARGE_BYTES)
        set_option(_TRIM_THRESHOLD, KEPT_BYTES)
