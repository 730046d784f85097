"""The worker opens the references once and hands them on; what goes wrong there is for the job to tell."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seoulguard import worker


@pytest.fixture
def doings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    ready = SimpleNamespace(settle=lambda: done.append("settled"))
    monkeypatch.setattr(worker.preferences, "apply", lambda: done.append("told"))
    monkeypatch.setattr(worker, "reference_set", lambda: (ready, {}))
    monkeypatch.setattr(worker, "connections", SimpleNamespace(close_all=lambda: done.append("closed")))
    monkeypatch.setattr("rq.Worker.fork_work_horse", lambda self, job, queue: done.append("forked"))
    return done


@pytest.mark.parametrize(
    ("queue", "expected"),
    [("score", ["told", "closed", "settled", "closed", "forked"]), ("deliver", ["told", "closed", "forked"])],
)
def test_only_jobs_that_compare_are_warmed_up_for(queue: str, expected: list[str], doings: list[str]) -> None:
    worker_like = worker.WarmWorker.__new__(worker.WarmWorker)
    worker_like.fork_work_horse(SimpleNamespace(), SimpleNamespace(name=queue))  # type: ignore[arg-type]
    assert doings == expected


def test_a_key_that_is_missing_stops_no_job(doings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise RuntimeError("the key file is not there")

    monkeypatch.setattr(worker, "reference_set", missing)
    worker.warm()
    assert doings == ["closed"]
