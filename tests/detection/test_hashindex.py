"""The radius index finds what comparing everything finds, while references come and go, in every process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.engine import hashindex, shared_rows, substrings
from detection.engine.hashindex import HashIndex, Hits, RadiusIndex

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def random_hashes(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 64, (count, 4), dtype=np.uint64)


def flipped(hashes: np.ndarray, bits: np.ndarray | int, seed: int) -> np.ndarray:
    """Every hash with that many of its bits inverted."""
    bits = np.broadcast_to(bits, len(hashes))
    order = np.random.default_rng(seed).random((len(hashes), 256)).argsort(axis=1)
    masks = np.packbits(order < bits[:, None], axis=1).view(np.uint64)
    return hashes ^ masks


def brute(owned: Rows, queries: np.ndarray, radius: int) -> list[tuple[int, int, int, int]]:
    owners, rows, entries = owned
    found = []
    for number, query in enumerate(queries):
        apart = np.bitwise_count(rows ^ query).sum(axis=1)
        near = np.flatnonzero(apart <= radius)
        found += list(zip([number] * len(near), owners[near].tolist(), entries[near].tolist(), apart[near].tolist(),
                          strict=True))  # fmt: skip
    return sorted(found)


def listed(hits: Hits) -> list[tuple[int, int, int, int]]:
    return list(zip(*(column.tolist() for column in hits), strict=True))


def filled(rows: np.ndarray, per_owner: int = 100) -> tuple[HashIndex, Rows]:
    owners = np.arange(len(rows)) // per_owner * 3 + 5
    index = HashIndex()
    index.extend(owners, rows)
    return index, (owners, rows, np.arange(len(rows)) % per_owner)


def static_video(count: int, seed: int) -> np.ndarray:
    """Near-equal hashes, as a fixed camera gives: few scenes, few bits of noise, and many exact repeats."""
    scenes = random_hashes(5, seed)
    picked = np.random.default_rng(seed).integers(0, 5, count)
    return flipped(scenes[picked], np.random.default_rng(seed + 1).integers(0, 24, count), seed)


def crowded_substrings(count: int, seed: int) -> np.ndarray:
    """Alike in half of their bits, so that most buckets of most tables hold everything; no two near."""
    rows = random_hashes(count, seed)
    rows[:, ::2] = 0x0F0F
    return rows


def extremes(count: int, seed: int) -> np.ndarray:
    """All bits off, all on, and a few set: complements are 256 bits apart, which a byte cannot count."""
    rows = np.zeros((count, 4), np.uint64)
    rows[1::3] = np.iinfo(np.uint64).max
    rows[2::3] = np.uint64(1) << np.arange(len(rows[2::3]), dtype=np.uint64)[:, None] % np.uint64(64)
    return rows


WORLDS = {"random": random_hashes, "static": static_video, "crowded": crowded_substrings, "extremes": extremes}


@pytest.fixture(scope="module", params=sorted(WORLDS))
def world(request: pytest.FixtureRequest) -> tuple[HashIndex, Rows, np.ndarray]:
    rows = WORLDS[request.param](40_000 if request.param == "random" else 20_000, 1)
    index, owned = filled(rows)
    asked = rows[np.random.default_rng(2).integers(0, len(rows), 33)]
    near = flipped(asked, np.arange(33), 3)
    return index, owned, np.concatenate([near, asked[:3], random_hashes(4, 4), np.zeros((1, 4), np.uint64)])


@pytest.mark.parametrize("radius", [*range(32), 40, 64, 256])
def test_it_finds_exactly_what_comparing_everything_finds(
    world: tuple[HashIndex, Rows, np.ndarray], radius: int
) -> None:
    index, owned, queries = world
    assert index._blocks[0].bits, "this is about tables"
    some = queries if radius <= 31 else queries[::8]
    assert listed(index.search(some, radius)) == brute(owned, some, radius)


def test_answers_do_not_depend_on_how_much_is_done_at_once(world: tuple[HashIndex, Rows, np.ndarray],
                                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    index, _, queries = world
    expected = listed(index.search(queries, 31))
    monkeypatch.setattr(shared_rows, "CROWDED", 100)
    monkeypatch.setattr(shared_rows, "WINDOW", 777)
    assert listed(index.search(queries[::3], 31)) == [(hit[0] // 3, *hit[1:]) for hit in expected if hit[0] % 3 == 0]
    monkeypatch.setattr(shared_rows, "CHUNK", 1)
    assert listed(index.search(queries[::3], 31)) == [(hit[0] // 3, *hit[1:]) for hit in expected if hit[0] % 3 == 0]


def test_nothing_is_missed_at_the_edge_of_the_radius() -> None:
    """Every row is asked for with 31 bits flipped; a table too few would miss some."""
    rows = random_hashes(60_000, 8)
    index, _ = filled(rows)
    hits = index.search(flipped(rows[:4000], 31, 9), 31)
    assert (np.unique(hits.query) == np.arange(4000)).all()
    assert (hits.distance == 31).all()
    assert not len(index.search(flipped(rows[:4000], 32, 9), 31).query)


@pytest.mark.parametrize(
    "bits", [(16,) * 16, (22,) * 8 + (20,) * 4, (19,) * 8 + (17,) * 4, (23,) * 11, (14,) * 12 + (11,) * 8]
)
def test_every_plan_is_exact_at_every_radius(bits: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of larger indexes, with scanning made dear so that the tables are used; flips spread as evil as can be."""
    monkeypatch.setattr(shared_rows, "plan", lambda rows, run_bytes: bits)
    monkeypatch.setattr(substrings, "SCAN_NS", 1e9)
    substrings.probes.cache_clear()
    rows = random_hashes(500, 5)
    block = shared_rows.Block.build([rows], np.array([[1], [0], [0]], np.uint32), len(rows))
    edges = np.cumsum((0, *bits))[:-1]
    for radius in (0, 1, 7, 15, 30, 31):
        # As many flips as the radius allows, dealt out evenly over the substrings from a changing start.
        queries = rows.copy()
        for number in range(len(rows)):
            for flip in range(radius):
                table = (flip + number) % len(bits)
                at = int(edges[table]) + (flip // len(bits) * 5 + number) % bits[table]
                queries[number, at // 64] ^= np.uint64(1 << at % 64)
        near = block.near(queries, radius)
        assert (near.query == np.arange(500)).all()
        assert (near.row == np.arange(500)).all()
    substrings.probes.cache_clear()


def test_the_plans_obey_the_pigeonhole_and_the_bytes() -> None:
    for rows in (20_000, 300_000, 1_000_000, 10_000_000, 30_000_000, 100_000_000):
        bits = substrings.plan(rows)
        wanted = substrings.probes(rows, bits, 31) if rows <= 10_000_000 else None
        assert sum(bits) <= 256
        assert len(bits) * rows < 1 << 32, "places are uint32"
        if rows >= 300_000:
            assert shared_rows.layout(rows, rows // 100, bits)[-1][1] <= 100 * rows
        if wanted:
            cuts = np.split(wanted.flips, np.cumsum(wanted.per_table)[:-1])
            assert sum(int(np.bitwise_count(cut).max()) + 1 for cut in cuts) > 31


def test_spreading_keeps_every_bit() -> None:
    single = np.packbits(np.eye(256, dtype=np.uint8), axis=1).view(np.uint64)
    dealt = substrings.spread(single)
    assert (np.bitwise_count(dealt).sum(axis=1) == 1).all()
    assert len(np.unique(dealt, axis=0)) == 256


def test_an_empty_index_finds_nothing() -> None:
    index = HashIndex()
    assert len(index) == 0
    assert listed(index.search(random_hashes(3, 1), 31)) == []
    index.add(1, np.zeros((0, 4), np.uint64))
    assert listed(index.search(random_hashes(3, 1), 31)) == []
    index.add(1, random_hashes(5, 1))
    assert listed(index.search(np.zeros((0, 4), np.uint64), 31)) == []


def test_entries_may_be_numbered_by_the_caller() -> None:
    rows = random_hashes(6, 1)
    index = HashIndex()
    index.add(9, rows, np.array([4, 5, 6, 90, 2, 3]))
    assert index.search(rows, 0).entry.tolist() == [4, 5, 6, 90, 2, 3]


@pytest.mark.parametrize("owner", [-1, 2**32 - 1, 2**40])
def test_an_owner_that_does_not_fit_is_refused(owner: int) -> None:
    with pytest.raises(ValueError):
        HashIndex().add(owner, random_hashes(1, 1))


def test_rows_of_one_owner_belong_together() -> None:
    with pytest.raises(ValueError):
        HashIndex().extend(np.array([1, 2, 1]), random_hashes(3, 1))
    with pytest.raises(ValueError):
        HashIndex().extend(np.array([1, 2]), random_hashes(3, 1))


def test_adding_an_owner_again_replaces_it() -> None:
    index = HashIndex()
    old, new = random_hashes(10, 1), random_hashes(4, 2)
    index.add(3, old)
    index.add(3, new)
    assert len(index) == 4
    assert not len(index.search(old, 31).query)
    assert index.search(new, 0).entry.tolist() == [0, 1, 2, 3]
    index.add(3, new[:0])
    assert len(index) == 0


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hashindex, "SEALED_ROWS", 64)
    monkeypatch.setattr(hashindex, "MERGED_WHILE_ADDING", 1000)
    monkeypatch.setattr(substrings, "SCAN_NS", 1e6)
    monkeypatch.setattr(substrings, "SMALL_BLOCK_BYTES", 1 << 17)
    for cached in (substrings.plan, substrings.probes):
        cached.cache_clear()
    yield
    for cached in (substrings.plan, substrings.probes):
        cached.cache_clear()


steps = st.lists(st.tuples(st.sampled_from("aaaaarrmpx"), st.integers(0, 40), st.integers(0, 90)), max_size=60)


@pytest.mark.usefixtures("small_blocks")
@given(steps)
@settings(max_examples=40, deadline=None)
def test_whatever_is_done_to_it_the_answer_is_that_of_a_plain_list(
    tmp_path_factory: pytest.TempPathFactory, done: list
) -> None:
    folder = tmp_path_factory.mktemp("index")
    index, kept = HashIndex(), {}
    pool = static_video(500, 3)
    for number, (what, owner, count) in enumerate(done):
        if what == "a":
            kept[owner] = pool[(np.arange(count) * 7 + number) % 500]
            index.add(owner, kept[owner])
        elif what == "r":
            kept.pop(owner, None)
            index.remove(owner)
        elif what == "p":
            index.publish(folder)
        else:
            index.merge(everything=what == "x")
    owners = np.array([owner for owner, rows in kept.items() for _ in rows], np.int64)
    rows = np.concatenate([np.zeros((0, 4), np.uint64), *kept.values()])
    entries = np.array([entry for rows in kept.values() for entry in range(len(rows))], np.int64)
    expected = brute((owners, rows, entries), pool[:20], 12)
    assert len(index) == len(rows)
    assert listed(index.search(pool[:20], 12)) == expected
    index.publish(folder)
    other = HashIndex.attach(folder)
    assert len(other) == len(rows)
    assert listed(other.search(pool[:20], 12)) == expected


def test_a_removed_owner_is_gone_at_once_and_so_are_its_bytes() -> None:
    rows = random_hashes(30_000, 1)
    index, (owners, _, _) = filled(rows, 1000)
    gone = int(owners[5000])
    mine = rows[owners == gone]
    index.remove(gone)
    index.remove(gone)
    block = index._blocks[0]
    assert len(index) == 29_000
    assert not len(index.search(mine, 31).query)
    assert not len(index.search(np.zeros((1, 4), np.uint64), 31).query), "zeros left behind are nobody's"
    assert substrings.spread(mine[:1]).tobytes() not in block.buffer.tobytes()
    assert substrings.spread(rows[:1]).tobytes() in block.buffer.tobytes()
    first = int(np.flatnonzero(owners == gone)[0])
    named = block.ids[(block.ids >= first) & (block.ids < first + 1000)]
    assert (named == first).all(), "the tables do not tell which value a removed row had"
    index.merge(everything=True)
    assert len(index._blocks[0]) == 29_000
    assert len(index.search(rows[owners != gone][:50], 0).query) == 50


@pytest.mark.usefixtures("small_blocks")
def test_an_owner_removed_during_a_merge_stays_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_hashes(400, 1)
    index, _ = filled(rows, 10)
    index.add(1000, random_hashes(5, 2))
    original, late = hashindex._join, random_hashes(7, 3)

    def joined_slowly(parts: list) -> shared_rows.Block:
        block = original(parts)
        monkeypatch.setattr(hashindex, "_join", original)
        index.remove(5)
        index.add(1001, late)
        return block

    monkeypatch.setattr(hashindex, "_join", joined_slowly)
    index.merge(everything=True)
    assert not len(index.search(rows[:10], 0).query)
    assert index.search(rows[10:400], 0).query.tolist() == list(range(390))
    assert index.search(random_hashes(5, 2), 0).owner.tolist() == [1000] * 5
    assert index.search(late, 0).owner.tolist() == [1001] * 7
    assert len(index) == 390 + 5 + 7


def test_searching_goes_on_while_others_add_and_merge() -> None:
    rows = random_hashes(60_000, 1)
    index, _ = filled(rows[:20_000], 50)
    stop, wrong = threading.Event(), []

    def ask() -> None:
        expected = listed(index.search(rows[:8], 31))
        while not stop.is_set():
            if listed(index.search(rows[:8], 31)) != expected:
                wrong.append(True)

    asking = threading.Thread(target=ask)
    asking.start()
    for owner in range(400):
        index.add(50_000 + owner, rows[20_000 + owner * 100 : 20_100 + owner * 100])
    index.merge(everything=True)
    stop.set()
    asking.join()
    assert not wrong
    assert len(index) == 60_000
    assert len(index._blocks) == 1


def test_published_files_are_private_and_old_ones_go(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    index, (_, rows, _) = filled(random_hashes(20_000, 1))
    index.add(7, random_hashes(10, 2))
    index.publish(folder)
    before = set(folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in before} == {0o600}
    assert len(before) == 3, "two blocks and the manifest"
    index.publish(folder)
    assert set(folder.iterdir()) == before, "blocks that did not change are not written again"
    index.remove(5)
    index.publish(folder)
    assert len(set(folder.iterdir())) == 3
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    assert substrings.spread(rows[:1]).tobytes() not in everything
    assert substrings.spread(rows[100:101]).tobytes() in everything
    with pytest.raises(ValueError):
        index.publish(tmp_path / "elsewhere")


def test_a_new_writer_takes_the_directory_over(tmp_path: Path) -> None:
    filled(random_hashes(20_000, 1))[0].publish(tmp_path)
    reader = HashIndex.attach(tmp_path)
    index, _ = filled(random_hashes(300, 2))
    index.publish(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert len(reader) == 300


def test_who_attaches_reads_only_and_sees_every_publication(tmp_path: Path) -> None:
    reader = HashIndex.attach(tmp_path)
    assert len(reader) == 0
    index, (_, rows, _) = filled(random_hashes(20_000, 1))
    index.publish(tmp_path)
    assert listed(reader.search(rows[:50], 3)) == listed(index.search(rows[:50], 3))
    assert len(reader) == 20_000
    new = random_hashes(5, 9)
    index.add(1, new)
    assert not len(reader.search(new, 0).query)
    index.publish(tmp_path)
    assert reader.search(new, 0).owner.tolist() == [1] * 5
    index.remove(1)
    assert not len(reader.search(new, 0).query), "a removal does not wait for a publication"
    for change in (
        lambda: reader.add(2, new),
        lambda: reader.remove(2),
        lambda: reader.publish(tmp_path),
        reader.merge,
    ):
        with pytest.raises(PermissionError):
            change()
    (tmp_path / hashindex.MANIFEST).unlink()
    assert len(reader) == 0


def test_a_block_that_was_taken_away_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    filled(random_hashes(100, 1))[0].publish(tmp_path)
    next(tmp_path.glob("*" + hashindex.SUFFIX)).unlink()
    with pytest.raises(FileNotFoundError):
        HashIndex.attach(tmp_path)


def test_blocks_too_large_for_their_tables_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashindex, "MOST_ROWS", 50_000)
    rows = random_hashes(100_000, 1)
    index = HashIndex()
    for start in range(0, 100_000, 20_000):
        index.extend(np.full(20_000, start), rows[start : start + 20_000])
    index.merge(everything=True)
    assert len(index._blocks) > 1
    assert index.search(rows[::10_000], 0).query.tolist() == list(range(10))


def test_a_removal_reaches_files_that_newer_blocks_already_replace(tmp_path: Path) -> None:
    index = HashIndex()
    rows = random_hashes(10, 1)
    index.add(1, rows)
    index.publish(tmp_path)
    reader = HashIndex.attach(tmp_path)
    index.add(2, random_hashes(10, 2))
    index.remove(1)
    assert not len(reader.search(rows, 31).query)
    assert substrings.spread(rows[:1]).tobytes() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


ASK = """
import sys
import numpy as np
from detection.engine.hashindex import HashIndex
index = HashIndex.attach(sys.argv[1])
for line in sys.stdin:
    hashes = np.frombuffer(bytes.fromhex(line.strip()), np.uint64)
    print(*index.search(hashes, 31).owner.tolist(), flush=True)
"""


def test_another_process_sees_additions_and_removals(tmp_path: Path) -> None:
    index, (_, rows, _) = filled(random_hashes(20_000, 1))
    index.publish(tmp_path)
    worker = subprocess.Popen([sys.executable, "-c", ASK, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})  # fmt: skip
    assert worker.stdin is not None
    assert worker.stdout is not None

    def ask(row: np.ndarray) -> str:
        worker.stdin.write(row.tobytes().hex() + "\n")
        worker.stdin.flush()
        return worker.stdout.readline().strip()

    assert ask(rows[250]) == "11"
    index.remove(11)
    assert ask(rows[250]) == ""
    assert ask(rows[350]) == "14"
    index.add(77, rows[250:251])
    index.publish(tmp_path)
    assert ask(rows[250]) == "77"
    worker.stdin.close()
    assert worker.wait(30) == 0


def test_it_is_what_the_rest_of_the_program_expects() -> None:
    index: RadiusIndex = HashIndex()
    assert callable(index.search)
