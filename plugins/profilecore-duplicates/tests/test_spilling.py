"""What outgrows the memory comes back as if it had not."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates import blocking
from profilecore_duplicates.blocking import candidates
from profilecore_duplicates.spilling import Pile
from profilecore_duplicates.table import Table


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the directory of temporary files, empty."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


END = 1000
NUMBERS = st.lists(st.lists(st.integers(0, END - 1), max_size=20), max_size=10)


@given(NUMBERS, st.integers(0, 40))
def test_numbers_are_given_once_and_ascending(numbers: list[list[int]], held: int) -> None:
    with Pile(END, held) as pile:
        for some in numbers:
            pile.put(np.array(some, dtype=np.uint64))
        given_ = [number for part in pile.ascending() for number in part.tolist()]
    assert given_ == sorted({number for some in numbers for number in some})


def interrupted(folder: Path) -> None:
    with Pile(END, 0) as pile:
        pile.put(np.array([1, 2], dtype=np.uint64))
        assert [path for path in folder.rglob("*") if path.is_file()]
        raise KeyboardInterrupt


def test_files_are_gone_after_an_interrupt(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(folder)
    assert not list(folder.iterdir())


def test_candidates_that_are_spilled_are_the_same(
    table: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = candidates(table)
    monkeypatch.setattr(blocking, "Pile", partial(Pile, held=0))
    spilled = candidates(table)
    assert len(held) > 0
    assert held.left.tolist() == spilled.left.tolist()
    assert held.right.tolist() == spilled.right.tolist()
    assert not list(folder.iterdir())
