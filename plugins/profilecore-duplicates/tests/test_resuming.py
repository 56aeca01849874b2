"""An interrupted run goes on behind its finished steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from profilecore.cli import Invocation
from profilecore_duplicates import finding
from profilecore_duplicates.blocking import Candidates, Capped, candidates_from
from profilecore_duplicates.command import duplicates
from profilecore_duplicates.resuming import Steps, steps_of


def run(file: Path, work: Path, pairs: Path, *more: str) -> str:
    words = ["find", str(file), "--pairs", str(pairs), "--work", str(work), *more]
    done = CliRunner().invoke(duplicates, words, obj=Invocation())
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def never(*_: Any) -> Any:
    raise AssertionError("this step was finished before")


def stop(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt


def test_finished_steps_are_not_done_again(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, whole, again = tmp_path / "work", tmp_path / "whole.csv", tmp_path / "again.csv"
    run(file, tmp_path / "other", whole)
    with monkeypatch.context() as patch:
        patch.setattr(finding, "fit", stop)
        run(file, work, again)
    assert not again.exists()
    assert len(list(work.iterdir())) == 2
    monkeypatch.setattr(finding, "candidates", never)
    monkeypatch.setattr(finding, "patterns_of", never)
    run(file, work, again)
    assert again.read_text() == whole.read_text()
    assert list(work.iterdir()) == []


def test_another_file_or_another_mapping_begins_anew(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    with monkeypatch.context() as patch:
        patch.setattr(finding, "fit", stop)
        run(file, work, tmp_path / "pairs.csv")
        run(file, work, tmp_path / "pairs.csv", "--map", "city=")
        file.write_text(file.read_text().replace("Omsk", "Tomsk"))
        run(file, work, tmp_path / "pairs.csv")
    assert len(list(work.iterdir())) == 6


def test_a_step_is_whole_or_not_there(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, [], "settings")
    with pytest.raises(KeyboardInterrupt):
        steps.arrays("one", stop)
    assert list(tmp_path.iterdir()) == []
    made = steps.arrays("one", lambda: {"a": np.arange(3)})
    assert made["a"].tolist() == steps.arrays("one", never)["a"].tolist() == [0, 1, 2]
    steps.finish()
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_nothing_is_kept() -> None:
    seen: list[int] = []

    def make() -> dict[str, Any]:
        seen.append(1)
        return {"a": np.arange(2)}

    steps = Steps()
    assert steps.arrays("one", make)["a"].tolist() == steps.arrays("one", make)["a"].tolist()
    steps.finish()
    assert len(seen) == 2


@pytest.mark.parametrize("capped", [0, 2])
def test_candidates_are_read_as_they_were(capped: int) -> None:
    rows, drawn = np.array([0, 1], dtype=np.int32), np.array([3, 4])
    made = Candidates(rows, rows + 1, (Capped("a+b", 5, 6, drawn, drawn + 1, 9),) * capped)
    read = candidates_from(made.as_arrays())
    assert (read.left.tolist(), read.right.tolist()) == ([0, 1], [1, 2])
    assert [(c.rule, c.rows, c.pairs, c.whole) for c in read.capped] == [("a+b", 5, 6, 9)] * capped
    assert all(c.left.tolist() == [3, 4] and c.right.tolist() == [4, 5] for c in read.capped)
