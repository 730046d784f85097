"""The figures of the benchmark, against sums done by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from benchmarks.recognition import tables
from benchmarks.recognition.evaluate import Evaluation, evaluate, micro_average_precision, overlap, wilson

Json = dict[str, Any]


def segment(*times: float) -> dict[str, float]:
    return dict(zip(("cand_start", "cand_end", "ref_start", "ref_end"), times, strict=True))


def candidate(name: str, edit: str, copies: tuple[str, ...] = (), scenes: tuple[str, ...] = (),
              segments: tuple[dict[str, float], ...] = ()) -> Json:  # fmt: skip
    return {
        "id": name, "class": edit, "base": edit.split("/")[0], "container": "mp4", "codec": "h264", "params": {"q": 1},
        "copies": [{"reference": one, "segments": list(segments), "reliable_time": bool(segments)} for one in copies],
        "same_scene": list(scenes),
    }  # fmt: skip


def match(name: str, reference: str, score: float, verdict: str, *segments: dict[str, float]) -> Json:
    return {"candidate": name, "reference": reference, "score": score, "verdict": verdict,
            "segments": list(segments), "evidence": {}}  # fmt: skip


@pytest.fixture
def truth() -> Json:
    """Three references; five true pairs in three classes; one pair of the same scene; 18 - 5 - 1 = 12 negatives."""
    return {
        "seed": 1,
        "references": [{"id": name} for name in ("r1", "r2", "r3")],
        "candidates": [
            candidate("c1", "video/crop", ("r1",), segments=(segment(0, 10, 5, 15),)),
            candidate("c2", "video/crop", ("r2",)),
            candidate("c3", "video/mix", ("r1", "r2"), segments=(segment(0, 4, 0, 4), segment(6, 8, 10, 12))),
            candidate("c4", "image/blur", ("r3",)),
            candidate("c5", "same_scene", scenes=("r1",)),
            candidate("c6", "distractor"),
        ],
    }


@pytest.fixture
def report() -> Json:
    return {
        "candidates": [
            {"id": "c1", "duration_s": 60.0, "error": None, "cpu_s": 2.0},
            {"id": "c2", "duration_s": 30.0, "error": None, "cpu_s": 1.0},
            {"id": "c3", "duration_s": 30.0, "error": None, "cpu_s": 3.0},
            {"id": "c4", "duration_s": 0.0, "error": None, "cpu_s": 0.5},
            {"id": "c5", "duration_s": None, "error": "truncated: broken", "cpu_s": 9.0},
        ],
        "matches": [
            match("c1", "r1", 0.9, "confirmed", segment(2, 12, 5, 10)),
            match("c2", "r2", 0.5, "review"),
            match("c3", "r1", 0.8, "confirmed", segment(0, 4, 0, 4), segment(6, 8, 10, 12)),
            match("c3", "r2", 0.15, "review"),  # too faint for an officer
            match("c5", "r1", 0.95, "confirmed"),  # same scene: neither right nor wrong
            match("c6", "r1", 0.7, "confirmed"),
            match("c6", "r2", 0.3, "review"),
            match("c1", "r3", 0.1, "review"),
        ],
    }


@pytest.fixture
def result(truth: Json, report: Json) -> Evaluation:
    return evaluate(truth, report)


def test_recall_is_the_mean_of_the_classes(result: Evaluation) -> None:
    assert {one.name: (one.confirmed.hits, one.reviewed.hits, one.confirmed.total) for one in result.classes} == {
        "video/crop": (1, 2, 2), "video/mix": (1, 1, 2), "image/blur": (0, 0, 1),
    }  # fmt: skip
    assert result.macro_recall_confirmed == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert result.macro_recall_reviewed == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert result.macro_by_base == {"image": (0, 0), "video": (pytest.approx(0.5), pytest.approx(0.75))}


def test_false_pairs_and_the_same_scene_are_counted_apart(result: Evaluation) -> None:
    assert (result.true_pairs, result.same_scene_pairs, result.negative_pairs) == (5, 1, 12)
    assert (result.false_confirmed, result.false_review) == (1, 1)
    assert (result.same_scene_confirmed, result.same_scene_review) == (1, 0)


def test_ranking_leaves_the_same_scene_out(result: Evaluation) -> None:
    # by score: copy .9, copy .8, wrong .7, copy .5, wrong .3, copy .15, wrong .1; one of five copies is not listed
    assert result.micro_ap == pytest.approx((1 / 1 + 2 / 2 + 3 / 4 + 4 / 6) / 5)
    assert result.recall_above_every_negative == pytest.approx(2 / 5)


def test_equal_scores_are_ranked_together() -> None:
    tied = [(0.5, True), (0.5, False), (0.5, False), (0.5, True)]
    assert micro_average_precision(tied, 2) == micro_average_precision(tied[::-1], 2) == pytest.approx(0.5)
    assert micro_average_precision([], 0) == 0


def test_wilson() -> None:
    ten = wilson(10, 10)
    assert (ten.share, ten.high) == (1.0, pytest.approx(1.0))
    assert ten.low == pytest.approx(0.7225, abs=1e-4)  # n / (n + z²)
    half = wilson(5, 10)
    assert (half.low, half.high) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_segments_on_both_axes(result: Evaluation) -> None:
    # c1~r1 candidate: 8 of 10 said, 8 of 10 true, union 12; reference: 5 of 5 said, 5 of 10 true. c3~r1 is exact.
    fit = result.segments
    assert fit.pairs == 2  # c3~r2 has times too but was not found
    assert fit.iou_candidate == pytest.approx((8 / 12 + 1) / 2)
    assert fit.iou_reference == pytest.approx((5 / 10 + 1) / 2)
    assert fit.iou == pytest.approx(((8 / 12 + 5 / 10) / 2 + 1) / 2)
    assert fit.precision == pytest.approx((0.8 * 1 + 1) / 2)
    assert fit.recall == pytest.approx((0.8 * 0.5 + 1) / 2)


def test_overlapping_segments_count_once() -> None:
    assert overlap([(0, 4), (2, 6)], [(0, 6)]) == (1, 1, 1)
    assert overlap([], [(0, 6)]) == (0, 0, 0)
    assert overlap([(0, 2)], [(2, 4)]) == (0, 0, 0)


def test_cost_is_per_minute_of_readable_video(result: Evaluation) -> None:
    assert result.cost.video_minutes == pytest.approx(2)
    assert result.cost.per_video_minute == pytest.approx(3)
    assert (result.cost.images, result.cost.per_image) == (1, pytest.approx(0.5))
    assert (result.candidates_with_error, result.candidates_without_row) == (1, 1)


def test_what_to_look_at_while_tuning(result: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    assert [(note.candidate, note.reference, note.verdict) for note in result.misses] == [
        ("c4", "r3", "none"), ("c2", "r2", "review"), ("c3", "r2", "none"),
    ]  # fmt: skip
    assert [(note.candidate, note.reference, note.score) for note in result.false_pairs] == [
        ("c6", "r1", 0.7), ("c6", "r2", 0.3),
    ]  # fmt: skip
    tables.print_misses(result)
    assert "video/crop" in capsys.readouterr().out


def test_a_verdict_of_none_is_only_ranked(truth: Json, report: Json) -> None:
    """Peers list every pair and have no officer to ask."""
    report["matches"] = [match("c1", "r1", 0.9, "none"), match("c6", "r1", 0.95, "none")]
    result = evaluate(truth, report)
    assert (result.macro_recall_reviewed, result.false_confirmed, result.false_review) == (0, 0, 0)
    assert result.micro_ap == pytest.approx(1 / 2 / 5)


@pytest.mark.parametrize("strange", [match("c9", "r1", 1, "confirmed"), match("c1", "r9", 1, "confirmed"),
                                     match("c1", "r1", 1, "confirmed")])  # fmt: skip
def test_a_report_of_another_set_is_refused(truth: Json, report: Json, strange: Json) -> None:
    report["matches"].append(strange)
    with pytest.raises(ValueError):
        evaluate(truth, report)


def test_table_and_plot_name_every_class(result: Evaluation) -> None:
    import xml.dom.minidom as xml

    figures = asdict(result)
    written = {"set": {"seed": 1, "pool": "tune", "references": 3, "candidates": 6}, "floor": {"per_video_minute": 1.0},
               "systems": dict.fromkeys(("ours", "phash", "pdq", "pdq8", "vpdq"), figures)}  # fmt: skip
    table = tables.markdown(written)
    assert "| video/crop | 50.0 |" in table
    assert "| **macro recall** | **33.3** |" in table
    drawn = xml.parseString(tables.svg(written))  # noqa: S318 (our own text)
    texts = {"".join(part.data for part in node.childNodes) for node in drawn.getElementsByTagName("text")}
    assert {"crop", "mix", "blur", "Video: 50.0 % over 2 classes"} <= texts
