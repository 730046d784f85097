"""A plug for learned image descriptors: a model file that an administrator names, and nothing that depends on it.

A TorchScript (.pt) or ONNX (.onnx) file turns each picture into a row of numbers; rows of pictures that look alike
point the same way. Likeness is no proof: it names references worth the local check and may ask an officer to look,
but it never confirms (docs/learned.md). torch and onnxruntime are loaded only when a model is named.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

SIDE = 224
MEAN, SPREAD = (np.array(row, np.float32).reshape(1, 3, 1, 1) for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
BATCH = 16
MOST_BYTES = 2 * 1024**3
# Two pictures of one colour are alike to every model and say nothing: standard deviation in grey levels.
FLAT_LEVELS = 4.0
QUERY_BLOCK, STORED_BLOCK = 128, 4_096
LEAST, MOST_PER_VIEW, MOST_ALIKE = 0.75, 5, 60
# Where likeness alone puts a candidate: within `review` (0.2 to 0.6), below what the points of a picture can reach.
LOWEST_SCORE, HIGHEST_SCORE = 0.2, 0.4


class ModelError(Exception):
    """A model that cannot be used. `reason_code` is stable, `sentence` is for a person.

    Codes: `unknown_format`, `unreadable`, `no_runtime`, `bad_input`, `bad_output`, `cannot_run`.
    """

    def __init__(self, reason_code: str, sentence: str):
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence

    def __reduce__(self) -> tuple[type[ModelError], tuple[str, str]]:
        return (ModelError, (self.reason_code, self.sentence))


class Session(Protocol):
    """A model that is ready to run. `size` is (width, height), `batch` how many pictures it insists on, None for any."""

    size: tuple[int, int]
    batch: int | None

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        """Every output for pictures float32 (n, 3, height, width)."""


def load(path: str | Path, side: int = SIDE) -> Descriptor | None:
    """The model in a file, tried on one picture; None when no file is named. Raises ModelError.

    `side` is used where the model leaves the size of its pictures open; TorchScript always does.
    """
    if str(path) in ("", "."):
        return None
    named = Path(path)
    openers: dict[str, Callable[[bytes, int], Session]] = {".onnx": _OnnxSession, ".pt": _TorchSession}
    opener = openers.get(named.suffix.lower())
    if opener is None:
        raise ModelError("unknown_format", f"{named.name} is neither an ONNX (.onnx) nor a TorchScript (.pt) file.")
    stored = _read(named)
    session = opener(stored, side)
    width, height = session.size
    return Descriptor(session, f"{hashlib.sha256(stored).hexdigest()[:16]}-{width}x{height}")


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError("unreadable", f"{path.name} is larger than a model may be (2 GB).")
        return path.read_bytes()
    except OSError as error:
        raise ModelError("unreadable", f"{path.name} cannot be read: {error.strerror}.") from error


class Descriptor:
    """Describes pictures with one model. `model` names file and size: rows of different models cannot be compared."""

    def __init__(self, session: Session, model: str):
        cv2.setNumThreads(1)
        self._session, self.model = session, model
        probe = _probe(session)
        self._output, self.dimensions = _only_rows(self._outputs(probe), session.batch or len(probe))

    def fitted(self, picture: np.ndarray) -> np.ndarray:
        """A picture (h, w) or (h, w, 3) stretched to the model's size, to be kept until there is a batch of them."""
        if picture.shape[1::-1] == self._session.size:
            return picture
        shrinks = picture.shape[1] >= self._session.size[0] and picture.shape[0] >= self._session.size[1]
        return cv2.resize(picture, self._session.size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)

    def describe(self, pictures: np.ndarray) -> np.ndarray:
        """Float32 (n, d), rows of length 1, for pictures uint8 (n, h, w) gray or (n, h, w, 3) RGB.

        A picture of one colour gives a row of zeros, which is like nothing. Raises ModelError.
        """
        if pictures.dtype != np.uint8 or pictures.ndim not in (3, 4) or (pictures.ndim == 4 and pictures.shape[3] != 3):
            raise ValueError("Pictures are uint8 (n, h, w) or (n, h, w, 3).")
        found = np.zeros((len(pictures), self.dimensions), np.float32)
        step = self._session.batch or BATCH
        for start in range(0, len(pictures), step):
            part = pictures[start : start + step]
            given = (self._session.batch or len(part), self.dimensions)
            rows = _rows(self._outputs(part)[self._output], given)[: len(part)]
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
            found[start : start + len(part)] = np.where(_plain(part)[:, None], 0, rows)
        return found

    def _outputs(self, pictures: np.ndarray) -> list[np.ndarray]:
        """What the model gives for at most one batch; a fixed batch is filled up with the last picture."""
        values = np.stack([self.fitted(one) for one in pictures]).astype(np.float32)
        values = np.repeat(values[:, None], 3, axis=1) if values.ndim == 3 else values.transpose(0, 3, 1, 2)
        values = (values / np.float32(255) - MEAN) / SPREAD
        if self._session.batch:
            values = np.concatenate([values, np.repeat(values[-1:], self._session.batch - len(values), axis=0)])
        try:
            return self._session.run(np.ascontiguousarray(values))
        except Exception as error:  # each runtime has its own
            raise ModelError("cannot_run", f"The model does not run on pictures: {_first_line(error)}") from error


def _plain(pictures: np.ndarray) -> np.ndarray:
    """Bool (n,): pictures with next to nothing in them."""
    return np.array([float(one.reshape(-1, *one.shape[2:]).std(axis=0).max()) < FLAT_LEVELS for one in pictures], bool)


def _probe(session: Session) -> np.ndarray:
    """Pictures to try a model on: two, so that one that mixes its batch up into one row is noticed."""
    width, height = session.size
    slope = np.broadcast_to(np.linspace(0, 255, width, dtype=np.uint8), (height, width))
    return np.stack([slope, slope[:, ::-1]])[: session.batch or 2]


def _only_rows(outputs: list[np.ndarray], count: int) -> tuple[int, int]:
    """Which output is one row a picture, and how long its rows are. Raises ModelError unless there is exactly one."""
    places = [place for place, one in enumerate(outputs)
              if one.dtype.kind == "f" and one.ndim >= 2 and len(one) == count and one.size == count * one.shape[1]]  # fmt: skip
    if len(places) != 1 or outputs[places[0]].shape[1] < 2:
        shapes = ", ".join(str(one.shape) for one in outputs) or "nothing"
        raise ModelError(
            "bad_output", f"The model must give one row of numbers for each of {count}; it gives {shapes}."
        )
    return places[0], outputs[places[0]].shape[1]


def _rows(output: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Float32 of this shape. Raises ModelError when there is another number of rows, or one is not made of numbers."""
    if output.shape[:2] != shape or output.size != shape[0] * shape[1]:
        raise ModelError("bad_output", f"The model gave {output.shape} where {shape} was expected.")
    rows = output.reshape(shape).astype(np.float32)
    if not np.isfinite(rows).all():
        raise ModelError("bad_output", "The model gave numbers that are not finite.")
    return rows


class _OnnxSession:
    """An ONNX file under onnxruntime: its CPU provider only, one thread, no file beside the one that was named."""

    def __init__(self, stored: bytes, side: int):
        runtime = _runtime("onnxruntime")
        runtime.disable_telemetry_events()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = 4
        # Weights in a file beside it would not be part of what the model is called by; there is nothing in this folder.
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
        try:
            self._session = runtime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's own kinds of error share no parent
            raise ModelError("unreadable", f"The file is not a usable ONNX model: {_first_line(error)}") from error
        self._name, self.batch, self.size = _onnx_input(self._session.get_inputs(), side)

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(one) for one in self._session.run(None, {self._name: pictures})]


def _onnx_input(inputs: list[Any], side: int) -> tuple[str, int | None, tuple[int, int]]:
    """Name, batch and (width, height) of the only input. Raises ModelError when it is not NCHW float32 of 3 channels."""
    said = ", ".join(f"{one.type} {one.shape}" for one in inputs) or "nothing"
    wrong = ModelError("bad_input", f"The model must take tensor(float) [n, 3, height, width]; it takes {said}.")
    if len(inputs) != 1 or inputs[0].type != "tensor(float)" or len(inputs[0].shape or []) != 4:
        raise wrong
    # An open length is a name or None.
    batch, channels, height, width = (one if isinstance(one, int) and one > 0 else None for one in inputs[0].shape)
    if channels not in (3, None):
        raise wrong
    return inputs[0].name, batch, (width or side, height or side)


class _TorchSession:
    """A TorchScript file under torch, on the CPU, one thread. The file is code: see docs/learned.md."""

    batch: int | None = None

    def __init__(self, stored: bytes, side: int):
        self._torch = _runtime("torch")
        self._torch.set_num_threads(1)
        self.size = (side, side)
        try:
            self._module = self._torch.jit.load(io.BytesIO(stored), map_location="cpu").eval()
        except Exception as error:  # torch raises RuntimeError, ValueError and others for a spoiled file
            raise ModelError(
                "unreadable", f"The file is not a usable TorchScript model: {_first_line(error)}"
            ) from error

    def run(self, pictures: np.ndarray) -> list[np.ndarray]:
        with self._torch.inference_mode():
            given = self._module(self._torch.from_numpy(pictures))
        values = list(given.values()) if isinstance(given, dict) else given
        listed = list(values) if isinstance(values, list | tuple) else [values]
        return [one.float().numpy() for one in listed]


def _runtime(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise ModelError("no_runtime", f"This model needs {name}, which is not installed here.") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


class Alike(NamedTuple):
    """Pairs of rows that point the same way: numbers of query and stored row int64 (n,), cosine float32 (n,)."""

    query: np.ndarray
    entry: np.ndarray
    similarity: np.ndarray


def nearest(queries: np.ndarray, stored: np.ndarray, least: float = LEAST, most: int = MOST_PER_VIEW) -> Alike:
    """For each query (n, d) the `most` stored rows (m, d) with a cosine of `least` or more: by query, closest first.

    Exact; rows have length 1 or are zeros. Never holds more than 128 x 4096 cosines.
    """
    if queries.ndim != 2 or stored.ndim != 2 or queries.shape[1] != stored.shape[1]:
        raise ValueError("Rows of different models cannot be compared.")
    parts = [_nearest_block(queries[start : start + QUERY_BLOCK].astype(np.float32), stored, least, most, start)
             for start in range(0, len(queries), QUERY_BLOCK)]  # fmt: skip
    none = Alike(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Alike(*(np.concatenate(column) for column in zip(none, *parts, strict=True)))


def _nearest_block(queries: np.ndarray, stored: np.ndarray, least: float, most: int, first: int) -> Alike:
    kept = Alike(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    for start in range(0, len(stored), STORED_BLOCK):
        cosines = queries @ stored[start : start + STORED_BLOCK].astype(np.float32).T
        query, entry = np.nonzero(cosines >= least)
        if len(query):
            more = Alike(query + first, entry + start, cosines[query, entry])
            kept = _closest(Alike(*(np.concatenate(pair) for pair in zip(kept, more, strict=True))), most)
    return kept


def _closest(pairs: Alike, most: int) -> Alike:
    """The `most` best pairs of each query; of equals, those that were stored first."""
    order = np.lexsort((pairs.entry, -pairs.similarity, pairs.query))
    query = pairs.query[order]
    order = order[np.arange(len(query)) - np.searchsorted(query, query) < most]
    return Alike(*(column[order] for column in pairs))


def suspicion_from(alike: Alike, candidate_times: np.ndarray, reference_times: np.ndarray, least: float = LEAST
                   ) -> list[tuple[float, float, float]]:  # fmt: skip
    """(second of the candidate, second of the reference, cosine), closest first: at most one for each candidate view.

    `alike` comes from nearest() between the views of a candidate and of one reference; times in seconds, one a view.
    """
    best = _closest(Alike(*(column[alike.similarity >= least] for column in alike)), 1)
    order = np.lexsort((best.query, -best.similarity))[:MOST_ALIKE]
    return [(round(float(candidate_times[best.query[one]]), 3), round(float(reference_times[best.entry[one]]), 3),
             round(float(best.similarity[one]), 4)) for one in order.tolist()]  # fmt: skip


def raised(score: float, suspicion: list[tuple[float, float, float]], least: float = LEAST) -> float:
    """A pair's score when likeness is heard too: 0.2 to 0.4 where nothing else speaks, else what it was."""
    if not suspicion or score >= LOWEST_SCORE:
        return score
    strongest = min(1.0, max(one[2] for one in suspicion))
    share = (strongest - least) / (1 - least) if least < 1 else 1.0
    return round(LOWEST_SCORE + (HIGHEST_SCORE - LOWEST_SCORE) * min(1.0, max(0.0, share)), 4)
