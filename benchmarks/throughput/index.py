"""Measures the radius index: `python -m benchmarks.throughput.index [--sizes 1000000 10000000] [--peer-limit N]`.

Hashes are uniformly random; half of the queries are stored hashes with 0 to 31 bits flipped. Every size runs in a
process of its own on one thread, beside the same hashes in faiss.IndexBinaryFlat and in a plain numpy comparison, and
all must give the same hits. Prints JSON and a Markdown table.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import multiprocessing
import multiprocessing.synchronize
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from detection.engine.hashindex import HashIndex, Hits

SPAWN = multiprocessing.get_context("spawn")
RADIUS = 31
ROWS_PER_OWNER = 1_000
CHUNK = 1_000_000
BATCH = 256
REFERENCES, ROWS_PER_REFERENCE = 1_000, 240  # a minute each at four frames a second
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the point of publishing: files in memory


def main() -> None:
    """Measure every size and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--peer-limit", type=int, default=10_000_000, help="no peers above this many hashes")
    chosen = parser.parse_args()
    measured = []
    for size in chosen.sizes:
        # Not a multiprocessing.Pool: its processes may have no children, and one is needed to attach.
        with ProcessPoolExecutor(1, SPAWN) as pool:
            measured.append(pool.submit(measure, size, size <= chosen.peer_limit).result())
    print(json.dumps(measured, indent=1))
    print(table(measured))


def measure(size: int, peers: bool) -> dict[str, Any]:
    """All figures of one size. Rates are queries per second."""
    queries, planted = ask(size)
    result: dict[str, Any] = {"hashes": size}
    HashIndex().extend(np.zeros(CHUNK // 4), next(hashes(CHUNK // 4)))  # so that libraries are not counted as the index
    before = resident()
    rows = np.concatenate(list(hashes(size)))
    index = HashIndex()
    started = time.perf_counter()
    index.extend(np.arange(size) // ROWS_PER_OWNER, rows)
    result["build_s"] = time.perf_counter() - started
    del rows
    result["rss_bytes_per_hash"] = (resident() - before) / size
    result["bytes_per_hash"] = index.nbytes / size
    result["substring_bits"] = index._blocks[0].bits
    hits = index.search(queries, RADIUS)
    assert set(planted.items()) <= set(zip(hits.query.tolist(), rows_of(hits).tolist(), strict=True))
    result["batch"], result["single"] = rates(index, queries)
    with shared_folder() as folder:
        started = time.perf_counter()
        index.publish(folder)
        result["publish_s"] = time.perf_counter() - started
        result["attached_batch"], result["attached_single"] = rates(HashIndex.attach(folder), queries)
        if peers:
            result |= peer_rates(size, queries, hits)
        result |= pauses(index, folder, queries)
    return result


def hashes(size: int) -> Iterator[np.ndarray]:
    """The stored hashes, uint64 (≤ CHUNK, 4) at a time; the same in every process."""
    for start in range(0, size, CHUNK):
        yield np.random.default_rng([7, start]).integers(0, 1 << 64, (min(CHUNK, size - start), 4), dtype=np.uint64)


def ask(size: int) -> tuple[np.ndarray, dict[int, int]]:
    """Queries uint64 (BATCH, 4), and which of them (even ones) has which row within the radius."""
    queries = np.random.default_rng(1).integers(0, 1 << 64, (BATCH, 4), dtype=np.uint64)
    near = np.sort(np.random.default_rng(2).integers(0, size, BATCH // 2))
    for number, (row, order) in enumerate(zip(near, np.random.default_rng(3).random((len(near), 256)), strict=True)):
        part = np.random.default_rng([7, row // CHUNK * CHUNK]).integers(
            0, 1 << 64, (row % CHUNK + 1, 4), dtype=np.uint64
        )
        flips = np.packbits(order.argsort() < number % (RADIUS + 1)).view(np.uint64)
        queries[2 * number] = part[-1] ^ flips
    return queries, {2 * number: int(row) for number, row in enumerate(near)}


def rates(index: HashIndex, queries: np.ndarray, rounds: int = 5) -> tuple[float, float]:
    """Queries per second all at once (median of the rounds) and one by one (from the median query)."""
    together = statistics.median(seconds(lambda some: index.search(some, RADIUS), queries) for _ in range(rounds))
    alone = statistics.median(one_by_one(index, queries, lambda done: done < len(queries)))
    return len(queries) / together, 1e3 / alone


def seconds(search: Callable[[np.ndarray], object], queries: np.ndarray) -> float:
    """How long one search takes."""
    started = time.perf_counter()
    search(queries)
    return time.perf_counter() - started


def peer_rates(size: int, queries: np.ndarray, hits: Hits) -> dict[str, float]:
    """The same queries to faiss' exhaustive index, where it is installed, and to numpy. Both must find the same."""
    result = {}
    few = queries[:8]
    found = set(zip(hits.query.tolist(), rows_of(hits).tolist(), hits.distance.tolist(), strict=True))
    rows = np.concatenate(list(hashes(size)))
    brute = {(query, row, int(apart)) for query in range(len(few)) for row, apart in compared(rows, few[query])}
    assert brute == {hit for hit in found if hit[0] < len(few)}
    result["numpy"] = 1 / statistics.median(seconds(partial(compared, rows), query) for query in few)
    try:
        import faiss
    except ImportError:
        return result
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(rows.view(np.uint8))
    flat_queries = queries.view(np.uint8)
    limits, apart, row = flat.range_search(flat_queries, RADIUS + 1)
    query = np.repeat(np.arange(len(queries)), np.diff(limits.astype(np.int64)))
    assert found == set(zip(query.tolist(), row.tolist(), apart.astype(int).tolist(), strict=True))
    result["faiss_batch"] = statistics.median(
        BATCH / seconds(lambda some: flat.range_search(some, RADIUS + 1), flat_queries) for _ in range(3)
    )
    result["faiss_single"] = 1 / statistics.median(
        seconds(lambda some: flat.range_search(some, RADIUS + 1), flat_queries[at : at + 1]) for at in range(32)
    )
    return result


def compared(rows: np.ndarray, query: np.ndarray) -> list[tuple[int, int]]:
    """Plain numpy: (row, distance) of every row near the query."""
    apart = np.bitwise_count(rows ^ query).sum(axis=1, dtype=np.uint16)
    near = np.flatnonzero(apart <= RADIUS)
    return list(zip(near.tolist(), apart[near].tolist(), strict=True))


def pauses(index: HashIndex, folder: Path, queries: np.ndarray) -> dict[str, float]:
    """The longest single search in ms while 1,000 references are added: in the writing process and in an attached one."""
    new = np.random.default_rng(4).integers(0, 1 << 64, (REFERENCES * ROWS_PER_REFERENCE, 4), dtype=np.uint64)
    first = 1 << 31
    spent: dict[str, float] = {}

    def add() -> None:
        started = time.perf_counter()
        for number in range(REFERENCES):
            index.add(first + number, new[number * ROWS_PER_REFERENCE : (number + 1) * ROWS_PER_REFERENCE])
            if number % 100 == 99:
                index.publish(folder)
        spent["add_1000_s"] = time.perf_counter() - started

    before = one_by_one(index, queries, lambda done: done < BATCH)
    stop, (answer, sender) = SPAWN.Event(), SPAWN.Pipe(duplex=False)
    other = SPAWN.Process(target=attached, args=(folder, queries, stop, sender))
    other.start()
    answer.recv()
    adding = threading.Thread(target=add)
    adding.start()
    during = one_by_one(index, queries, lambda _: adding.is_alive())
    adding.join()
    stop.set()
    elsewhere = answer.recv()
    other.join()
    spent["remove_ms"] = 1e3 * seconds(lambda _: index.remove(first), queries)
    started = time.perf_counter()
    merging = threading.Thread(target=index.merge, args=(True,))
    merging.start()
    besides = one_by_one(index, queries, lambda _: merging.is_alive())
    spent["merge_everything_s"] = time.perf_counter() - started
    return {
        **spent,
        "search_before_ms": statistics.median(before),
        "search_while_adding_ms": statistics.median(during),
        "longest_while_adding_ms": max(during),
        "longest_while_merging_ms": max(besides),
        "attached_while_adding_ms": statistics.median(elsewhere),
        "attached_longest_ms": max(elsewhere),
    }


def attached(folder: Path, queries: np.ndarray, stop: multiprocessing.synchronize.Event, answer: Connection) -> None:
    """Search in another process until told to stop; sends how long every search took."""
    index = HashIndex.attach(folder)
    one_by_one(index, queries, lambda done: done < BATCH)
    answer.send("ready")
    answer.send(one_by_one(index, queries, lambda _: not stop.is_set()))


def one_by_one(index: HashIndex, queries: np.ndarray, going: Callable[[int], bool]) -> list[float]:
    """Milliseconds of single searches, made as long as it is going."""
    taken: list[float] = []
    while not taken or going(len(taken)):
        at = len(taken) % len(queries)
        taken.append(1e3 * seconds(lambda some: index.search(some, RADIUS), queries[at : at + 1]))
    return taken


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A directory in memory, for a while."""
    folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def rows_of(hits: Hits) -> np.ndarray:
    """The hits' rows in the order of storing."""
    return hits.owner.astype(np.int64) * ROWS_PER_OWNER + hits.entry


def resident() -> int:
    """Bytes of this process that are in memory, without what the C library keeps for later."""
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


LINES = (
    ("hashes", "hashes", "{:,.0f}"),
    ("queries/s, batch of 256", "batch", "{:,.0f}"),
    ("queries/s, one by one", "single", "{:,.0f}"),
    ("queries/s from shared files, batch", "attached_batch", "{:,.0f}"),
    ("queries/s from shared files, one by one", "attached_single", "{:,.0f}"),
    ("faiss.IndexBinaryFlat, batch of 256", "faiss_batch", "{:,.0f}"),
    ("faiss.IndexBinaryFlat, one by one", "faiss_single", "{:,.0f}"),
    ("numpy, comparing all", "numpy", "{:,.1f}"),
    ("bytes a hash, arrays", "bytes_per_hash", "{:.1f}"),
    ("bytes a hash, growth of the process", "rss_bytes_per_hash", "{:.1f}"),
    ("build, s", "build_s", "{:.1f}"),
    ("publish, s", "publish_s", "{:.2f}"),
    ("add 1,000 references of 240 hashes, publishing 10 times, s", "add_1000_s", "{:.2f}"),
    ("one search before, ms", "search_before_ms", "{:.2f}"),
    ("one search while adding, same process, median, ms", "search_while_adding_ms", "{:.2f}"),
    ("one search while adding, same process, longest, ms", "longest_while_adding_ms", "{:.1f}"),
    ("one search while merging everything, same process, longest, ms", "longest_while_merging_ms", "{:.1f}"),
    ("one search while adding, attached process, median, ms", "attached_while_adding_ms", "{:.2f}"),
    ("one search while adding, attached process, longest, ms", "attached_longest_ms", "{:.1f}"),
    ("remove a reference, ms", "remove_ms", "{:.2f}"),
    ("merge everything into one block, s", "merge_everything_s", "{:.1f}"),
)


def table(measured: list[dict[str, Any]]) -> str:
    """Markdown: a line for every figure, a column for every size."""
    lines = ["| " + " | ".join([name, *(form.format(one[key]) if key in one else "–" for one in measured)]) + " |"
             for name, key, form in LINES]  # fmt: skip
    return "\n".join([lines[0], "|---" * (len(measured) + 1) + "|", *lines[1:]])


if __name__ == "__main__":
    main()
