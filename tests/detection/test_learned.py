"""Learned descriptors: what a model file must be, what comes out, and that likeness never confirms."""

from __future__ import annotations

import pickle
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection.engine import learned
from detection.engine.learned import Alike, Descriptor, ModelError, load, nearest, raised, suspicion_from
from detection.engine.scoring import verdict_of
from detection.engine.weighing import REVIEWED, SURE

LENGTH = 16
ROOT = Path(__file__).parents[2]


class Fake:
    """A model of our own: a fixed projection of a 4 x 4 mosaic of each channel."""

    def __init__(self, size: tuple[int, int] = (32, 32), batch: int | None = None, spoil: Any = None):
        self.size, self.batch, self.spoil = size, batch, spoil
        self.given: list[tuple[int, ...]] = []

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        self.given.append(pictures.shape)
        assert pictures.dtype == np.float32
        rows = mosaic(pictures) @ weights()
        return self.spoil(rows) if self.spoil else [rows]


def mosaic(pictures: np.ndarray) -> np.ndarray:
    count, _, height, width = pictures.shape
    return pictures.reshape(count, 3, 4, height // 4, 4, width // 4).mean(axis=(3, 5)).reshape(count, 48)


def weights() -> np.ndarray:
    drawn = np.random.default_rng(7).standard_normal((48, LENGTH)).astype(np.float32)
    return drawn - drawn.mean(axis=0)


def pictures(count: int, height: int = 48, width: int = 64, seed: int = 1) -> np.ndarray:
    """Coarse mosaics, so that no two are alike."""
    drawn = np.random.default_rng(seed).integers(0, 256, (count, height // 16, width // 16), dtype=np.uint8)
    return drawn.repeat(16, axis=1).repeat(16, axis=2)


def code_of(call: Any) -> str:
    with pytest.raises(ModelError) as caught:
        call()
    assert str(caught.value) == caught.value.sentence
    return caught.value.reason_code


# --- what comes out ----------------------------------------------------------------------------------------------
def test_rows_have_length_one_and_do_not_depend_on_the_batch() -> None:
    made, some = Descriptor(Fake(), "m"), pictures(2 * learned.BATCH + 3)
    rows = made.describe(some)
    assert rows.shape == (len(some), LENGTH)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(rows, made.describe(some))
    assert np.allclose(rows, np.concatenate([made.describe(one[None]) for one in some]), atol=1e-5)
    assert made.describe(some[:0]).shape == (0, LENGTH)


def test_a_fixed_batch_is_filled_up() -> None:
    model, some = Fake(batch=4), pictures(6)
    rows = Descriptor(model, "m").describe(some)
    assert set(model.given) == {(4, 3, 32, 32)}
    assert np.allclose(rows, Descriptor(Fake(), "m").describe(some), atol=1e-5)


def test_gray_and_the_same_in_colour_are_one() -> None:
    made, gray = Descriptor(Fake(size=(48, 32)), "m"), pictures(3)
    assert np.allclose(made.describe(gray), made.describe(np.repeat(gray[..., None], 3, axis=3)), atol=1e-6)


def test_pictures_arrive_as_the_contract_says() -> None:
    seen: list[np.ndarray] = []
    model = Fake(size=(8, 4))
    model.run = lambda values: seen.append(values) or [np.ones((len(values), 2), np.float32)]  # type: ignore[method-assign]
    colour = np.zeros((1, 4, 8, 3), np.uint8)
    colour[..., 0] = 255
    Descriptor(model, "m").describe(colour)
    expected = (np.array([1, 0, 0]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert seen[-1].shape == (1, 3, 4, 8)
    assert np.allclose(seen[-1][0, :, 2, 5], expected, atol=1e-5)


def test_a_picture_of_one_colour_is_like_nothing() -> None:
    some = np.concatenate([pictures(1), np.full((1, 48, 64), 90, np.uint8)])
    rows = Descriptor(Fake(), "m").describe(some)
    assert not rows[1].any()
    assert nearest(rows, rows).query.tolist() == [0]
    assert not Descriptor(Fake(), "m").describe(np.full((1, 48, 64, 3), (200, 0, 0), np.uint8)).any()


@pytest.mark.parametrize("wrong", [np.zeros((2, 4), np.uint8), np.zeros((1, 4, 4, 4), np.uint8), np.zeros((1, 4, 4))])
def test_what_is_not_pictures_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        Descriptor(Fake(), "m").describe(wrong)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda rows: [], "bad_output"),
        (lambda rows: [rows, rows], "bad_output"),
        (lambda rows: [rows[:, :1]], "bad_output"),
        (lambda rows: [rows.mean(axis=0)], "bad_output"),
        (lambda rows: [np.float32(3)], "bad_output"),
        (lambda rows: [rows.astype(np.int64)], "bad_output"),
        (lambda rows: [rows.mean(axis=0, keepdims=True)], "bad_output"),
        (lambda rows: [np.tile(rows[:, :, None, None], (1, 1, 7, 7))], "bad_output"),
        (lambda rows: 1 / 0, "cannot_run"),
    ],
)
def test_a_model_with_another_output_is_refused_when_it_is_loaded(spoil: Any, code: str) -> None:
    assert code_of(lambda: Descriptor(Fake(spoil=spoil), "m")) == code


def test_the_one_output_that_is_rows_is_taken() -> None:
    maps, token = np.zeros((2, 5, 7, 7), np.float32), np.zeros((1, 9), np.float32)
    made = Descriptor(Fake(spoil=lambda rows: [maps[: len(rows)], token, rows[:, :, None, None]]), "m")
    assert np.allclose(made.describe(pictures(2)), Descriptor(Fake(), "m").describe(pictures(2)))


def test_numbers_that_are_not_finite_are_refused() -> None:
    made = Descriptor(Fake(), "m")
    made._session.spoil = lambda rows: [rows * np.nan]  # type: ignore[attr-defined]
    assert code_of(lambda: made.describe(pictures(1))) == "bad_output"


# --- files and runtimes ------------------------------------------------------------------------------------------
def test_without_a_setting_there_is_no_model() -> None:
    assert load("") is None


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"1")
    assert code_of(lambda: load(tmp_path / "model.bin")) == "unknown_format"
    assert code_of(lambda: load(tmp_path / "missing.onnx")) == "unreadable"
    (tmp_path / "folder.pt").mkdir()
    assert code_of(lambda: load(tmp_path / "folder.pt")) == "unreadable"


def test_the_error_survives_a_process_boundary() -> None:
    again = pickle.loads(pickle.dumps(ModelError("bad_input", "So it is.")))  # noqa: S301
    assert (again.reason_code, again.sentence) == ("bad_input", "So it is.")


@pytest.mark.parametrize("name", ["onnxruntime", "torch"])
def test_without_its_runtime_a_model_is_not_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / {"onnxruntime": "m.onnx", "torch": "m.pt"}[name]
    model.write_bytes(b"anything")
    monkeypatch.setitem(sys.modules, name, None)  # import then fails as if it were not installed
    assert code_of(lambda: load(model)) == "no_runtime"


def test_reading_the_module_loads_no_runtime() -> None:
    looked = "import sys, detection.engine.learned; print({'torch', 'onnxruntime'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", looked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def onnxruntime_of(inputs: list[Any], made: dict[str, Any] | None = None) -> types.ModuleType:
    """A stand-in for the runtime with the inputs of one model."""

    class Stand:
        def __init__(self, stored: bytes, options: Any, providers: list[str]):
            if stored == b"spoiled":
                raise RuntimeError("Protobuf parsing failed.\nmore")
            (made if made is not None else {}).update(options=options, providers=providers)

        def get_inputs(self) -> list[Any]:
            return inputs

        def run(self, names: None, fed: dict[str, np.ndarray]) -> list[np.ndarray]:
            return Fake().run(next(iter(fed.values())))

    stand = types.ModuleType("onnxruntime")
    stand.InferenceSession = Stand  # type: ignore[attr-defined]
    stand.SessionOptions = lambda: types.SimpleNamespace(add_session_config_entry=lambda *_: None)  # type: ignore[attr-defined]
    stand.ExecutionMode = types.SimpleNamespace(ORT_SEQUENTIAL="one after the other")  # type: ignore[attr-defined]
    stand.disable_telemetry_events = lambda: None  # type: ignore[attr-defined]
    return stand


def takes(shape: Any, kind: str = "tensor(float)") -> Any:
    return types.SimpleNamespace(name="picture", shape=shape, type=kind)


@pytest.mark.parametrize(
    ("shape", "size"),
    [(["n", 3, "h", "w"], "224x224"), ([None, 3, 96, 128], "128x96"), ([1, 3, None, 64], "64x224")],
)
def test_the_models_own_input_decides_the_size(
    shape: Any, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime_of([takes(shape)], made))
    (tmp_path / "m.onnx").write_bytes(b"model")
    loaded = load(tmp_path / "m.onnx")
    assert loaded is not None
    assert loaded.model.endswith(f"-{size}")
    assert loaded.describe(pictures(3)).shape == (3, LENGTH)
    assert made["providers"] == ["CPUExecutionProvider"]
    assert made["options"].intra_op_num_threads == made["options"].inter_op_num_threads == 1


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [takes([1, 3, 224, 224]), takes([1, 77], "tensor(int64)")],
        [takes([1, 3, 224, 224], "tensor(uint8)")],
        [takes([1, 224, 224, 3])],
        [takes([1, 1, 224, 224])],
        [takes([1, 3])],
        [takes(None)],
    ],
)
def test_a_model_with_another_input_is_refused(
    inputs: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime_of(inputs))
    (tmp_path / "m.onnx").write_bytes(b"model")
    assert code_of(lambda: load(tmp_path / "m.onnx")) == "bad_input"


def test_a_spoiled_file_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", onnxruntime_of([]))
    (tmp_path / "m.onnx").write_bytes(b"spoiled")
    assert code_of(lambda: load(tmp_path / "m.onnx")) == "unreadable"


class Tensor:
    """As much of a tensor as is used."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def float(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return self.values


def torch_of(made: dict[str, Any], wrapped: Any) -> types.ModuleType:
    class Module:
        def eval(self) -> Module:
            return self

        def __call__(self, given: Tensor) -> Any:
            made["shape"] = given.values.shape
            return wrapped(Tensor(Fake().run(given.values)[0]))

    class Quiet:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    def jit_load(file: Any, map_location: str) -> Module:
        made["where"] = map_location
        if file.read() == b"spoiled":
            raise RuntimeError("PytorchStreamReader failed")
        return Module()

    stand = types.ModuleType("torch")
    stand.jit = types.SimpleNamespace(load=jit_load)  # type: ignore[attr-defined]
    stand.set_num_threads = lambda count: made.update(threads=count)  # type: ignore[attr-defined]
    stand.inference_mode = Quiet  # type: ignore[attr-defined]
    stand.from_numpy = Tensor  # type: ignore[attr-defined]
    return stand


@pytest.mark.parametrize("wrapped", [lambda row: row, lambda row: (row,), lambda row: {"row": row}])
def test_torchscript_runs_on_one_thread_of_the_cpu(
    wrapped: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    monkeypatch.setitem(sys.modules, "torch", torch_of(made, wrapped))
    (tmp_path / "m.torchscript.pt").write_bytes(b"model")
    loaded = load(tmp_path / "m.torchscript.pt", side=288)
    assert loaded is not None
    assert loaded.describe(pictures(1)).shape == (1, LENGTH)
    assert made == {"where": "cpu", "threads": 1, "shape": (1, 3, 288, 288)}
    (tmp_path / "s.pt").write_bytes(b"spoiled")
    assert code_of(lambda: load(tmp_path / "s.pt")) == "unreadable"


# --- an ONNX file written by hand, under the real runtime ----------------------------------------------------------
def number(value: int) -> bytes:
    """A varint of the protobuf wire format."""
    found = b""
    while value > 127:
        found, value = found + bytes([value & 127 | 128]), value >> 7
    return found + bytes([value])


def entry(place: int, value: int | str | bytes) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return number(place << 3) + number(value)
    held = value.encode() if isinstance(value, str) else value
    return number(place << 3 | 2) + number(len(held)) + held


def tensor(name: str, shape: list[int | str], kind: int = 1) -> bytes:
    """ValueInfoProto; lengths are numbers or names, `kind` 1 is float, 2 is uint8."""
    lengths = b"".join(entry(1, entry(1 if isinstance(one, int) else 2, one)) for one in shape)
    return entry(1, name) + entry(2, entry(1, entry(1, kind) + entry(2, lengths)))


def node(sort: str, taken: list[str], given: str, **pairs: tuple[int, ...]) -> bytes:
    """NodeProto with attributes that are lists of integers."""
    ints = b"".join(
        entry(5, entry(1, name) + b"".join(entry(8, one) for one in values) + entry(20, 7))
        for name, values in pairs.items()
    )
    return b"".join(entry(1, one) for one in taken) + entry(2, given) + entry(4, sort) + ints


def onnx_file(path: Path, shape: list[int | str], kind: int = 1, beside: str = "") -> Path:
    """The mosaic of Fake as a graph: AveragePool to 4 x 4, Flatten, MatMul. `beside` names a file with the weights."""
    cell = (
        (int(shape[2]) // 4, int(shape[3]) // 4)
        if isinstance(shape[2], int) and isinstance(shape[3], int)
        else (56, 56)
    )
    held = (
        entry(13, entry(1, "location") + entry(2, beside)) + entry(14, 1) if beside else entry(9, weights().tobytes())
    )
    graph = (
        entry(1, node("AveragePool", ["picture"], "mosaic", kernel_shape=cell, strides=cell))
        + entry(1, node("Flatten", ["mosaic"], "flat"))
        + entry(1, node("MatMul", ["flat", "weights"], "row"))
        + entry(2, "tiny")
        + entry(5, entry(1, 48) + entry(1, LENGTH) + entry(2, 1) + entry(8, "weights") + held)
        + entry(11, tensor("picture", shape, kind))
        + entry(12, tensor("row", [shape[0], LENGTH]))
    )
    path.write_bytes(entry(1, 8) + entry(7, graph) + entry(8, entry(1, "") + entry(2, 13)))
    return path


@pytest.mark.parametrize("shape", [["n", 3, "h", "w"], ["n", 3, 32, 64], [4, 3, 32, 64]])
def test_a_real_onnx_file_runs(shape: list[int | str], tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    made, some = load(onnx_file(tmp_path / "tiny.onnx", shape)), pictures(21, 96, 96)
    assert made is not None
    size = (64, 32) if 32 in shape else (224, 224)
    rows = made.describe(some)
    assert np.allclose(rows, Descriptor(Fake(size), "m").describe(some), atol=1e-4)
    assert np.array_equal(rows, made.describe(some))


def test_real_onnx_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "text.onnx").write_bytes(b"this is no model")
    assert code_of(lambda: load(tmp_path / "text.onnx")) == "unreadable"
    whole = onnx_file(tmp_path / "whole.onnx", ["n", 3, 32, 32]).read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    assert code_of(lambda: load(tmp_path / "half.onnx")) == "unreadable"
    assert code_of(lambda: load(onnx_file(tmp_path / "gray.onnx", ["n", 1, 32, 32]))) in {"bad_input", "unreadable"}


@pytest.mark.parametrize("beside", ["weights.bin", "./weights.bin", "../weights.bin", "{folder}/weights.bin"])
def test_weights_in_another_file_are_not_read(beside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would not be part of the model's name, and could be any file of this machine."""
    pytest.importorskip("onnxruntime")
    inner = tmp_path / "inner"
    inner.mkdir()
    for folder in (tmp_path, inner):
        (folder / "weights.bin").write_bytes(weights().tobytes())
    monkeypatch.chdir(inner)
    model = onnx_file(inner / "two.onnx", ["n", 3, 32, 32], beside=beside.format(folder=inner))
    assert code_of(lambda: load(model)) == "unreadable"


# --- the search --------------------------------------------------------------------------------------------------
def rows_of(count: int, seed: int, length: int = 8) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, length)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_nearest_is_what_comparing_one_by_one_finds(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "QUERY_BLOCK", 7)
    monkeypatch.setattr(learned, "STORED_BLOCK", 13)
    queries, stored = rows_of(30, 1), rows_of(100, 2)
    stored[[40, 70]] = stored[11]
    queries[3] = stored[11]
    expected = []
    for query, row in enumerate(queries):
        close = sorted(
            (-round(float(row @ other), 5), entry) for entry, other in enumerate(stored) if row @ other >= 0.5
        )
        expected += [(query, entry) for _, entry in close[:most]]
    found = nearest(queries, stored, least=0.5, most=most)
    assert list(zip(found.query.tolist(), found.entry.tolist(), strict=True)) == expected
    assert np.allclose(found.similarity, (queries[found.query] * stored[found.entry]).sum(axis=1), atol=1e-5)


def test_nearest_of_nothing_and_of_different_models() -> None:
    assert len(nearest(rows_of(0, 1), rows_of(5, 2)).query) == 0
    assert len(nearest(rows_of(5, 1), rows_of(0, 2)).query) == 0
    assert nearest(rows_of(2, 1).astype(np.float16), rows_of(2, 1).astype(np.float16), 0.99).entry.tolist() == [0, 1]
    with pytest.raises(ValueError, match="different models"):
        nearest(rows_of(1, 1, 8), rows_of(1, 1, 9))


# --- what it means -------------------------------------------------------------------------------------------------
def test_a_suspicion_names_moments_closest_first() -> None:
    alike = Alike(np.array([0, 0, 1, 2]), np.array([5, 4, 1, 0]), np.array([0.8, 0.9, 0.95, 0.6], np.float32))
    moments = suspicion_from(alike, np.array([0.0, 0.5, 1.0]), np.arange(6) / 4)
    assert moments == [(0.5, 0.25, pytest.approx(0.95)), (0.0, 1.0, pytest.approx(0.9))]


@pytest.mark.parametrize("count", [1, 60, 10_000])
@pytest.mark.parametrize("similarity", [0.75, 0.9, 1.0, 1.0000002, 7.0, float("inf"), float("nan")])
def test_likeness_alone_never_confirms(count: int, similarity: float) -> None:
    score = raised(0.0, [(0.0, 0.0, similarity)] * count)
    assert REVIEWED <= score < SURE
    assert verdict_of(score) == "review"


@pytest.mark.parametrize("score", [0.2, 0.31, 0.5999, 0.6, 0.93])
def test_what_already_speaks_is_left_as_it_is(score: float) -> None:
    assert raised(score, [(0.0, 0.0, 1.0)]) == score


def test_without_likeness_nothing_is_raised() -> None:
    assert raised(0.07, []) == 0.07
