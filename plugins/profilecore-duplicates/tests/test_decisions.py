"""Decisions of reviewers go before any weight."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from profilecore.cli import Invocation
from profilecore_duplicates.clusters import cluster
from profilecore_duplicates.command import duplicates
from profilecore_duplicates.decisions import (
    DIFFERENT,
    SAME,
    UNSURE,
    Decisions,
    make_decisions,
    no_decisions,
    read_decisions,
)
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.finding import find
from profilecore_duplicates.table import Floats, Ints, Table


def decisions(*said: tuple[int, int, int]) -> Decisions:
    left, right, word = (np.array(column) for column in zip(*said, strict=True))
    return make_decisions(left, right, word)


def listed(found: object) -> dict[tuple[int, int], bool]:
    pairs, decided = found.pairs, found.decided  # type: ignore[attr-defined]  # a Found
    ends = zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    return dict(zip(ends, decided.tolist(), strict=True))


def test_a_pair_decided_different_is_not_listed_nor_clustered(table: Table) -> None:
    assert (0, 1) in listed(find(table))
    found = find(table, decisions=decisions((1, 0, DIFFERENT)))
    assert (0, 1) not in listed(found)
    assert found.clusters.labels[0] != found.clusters.labels[1]


def test_a_pair_decided_same_is_a_match_whatever_it_weighs(table: Table) -> None:
    found = find(table, decisions=decisions((4, 6, SAME)))
    assert listed(found)[(4, 6)]
    assert found.clusters.labels[4] == found.clusters.labels[6]


def test_an_unsure_pair_is_never_a_match(table: Table) -> None:
    found = find(table, decisions=decisions((0, 1, UNSURE)))
    assert not listed(found)[(0, 1)]


def test_different_splits_what_others_chain() -> None:
    weights = {(0, 1): 9.0, (1, 2): 9.0, (0, 2): 9.0}

    def weigh(left: Ints, right: Ints) -> Floats:
        return np.array([weights[(int(a), int(b))] for a, b in zip(left, right, strict=True)])

    said = decisions((0, 2, DIFFERENT))
    made = cluster(
        3, np.array([0, 1]), np.array([1, 2]), np.array([9.0, 9.0]), said.weigher(3, weigh),
        said.apart,
    )  # fmt: skip
    assert made.labels[0] != made.labels[2]
    assert len(set(made.labels.tolist())) == 2


def test_different_splits_components_too_large_to_look_at_whole() -> None:
    n = 200
    left, right = np.arange(n - 1), np.arange(1, n)

    def weigh(one: Ints, other: Ints) -> Floats:
        return np.full(len(one), 9.0)

    said = decisions((3, 5, DIFFERENT), (3, 4, DIFFERENT))
    keep = ~((left == 3) & (right == 4))
    made = cluster(
        n, left[keep], right[keep], np.full(int(keep.sum()), 9.0), said.weigher(n, weigh),
        said.apart,
    )  # fmt: skip
    assert made.labels[3] != made.labels[5]


def test_the_last_decision_about_a_pair_counts() -> None:
    said = decisions((2, 1, SAME), (1, 2, DIFFERENT), (3, 3, SAME))
    assert len(said) == 1
    assert said.of(9, np.array([1, 2, 4]), np.array([2, 1, 5])).tolist() == [0, 0, -1]


def test_no_decisions_say_nothing() -> None:
    assert no_decisions().of(9, np.array([1]), np.array([2])).tolist() == [-1]


IDS = pl.Series(["a1", "a2", "b1"])


def written(path: Path, *lines: str) -> Path:
    path.write_text("left,right,decision\n" + "".join(f"{line}\n" for line in lines))
    return path


def test_a_file_of_decisions_is_read_and_what_is_not_here_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", "a2,a1, Same", "a1,b1,different", "a1,zz,same", "a2,b1,")
    said = read_decisions(path, IDS)
    assert said.left.tolist() == [0, 0]
    assert said.said.tolist() == [SAME, DIFFERENT]
    assert said.unknown == 1


def test_of_two_files_the_right_one_is_in_the_second(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", "a1,a1,same")
    said = read_decisions(path, IDS, pl.Series(["a1"]))
    assert (said.left.tolist(), said.right.tolist()) == ([0], [3])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("left,right\na1,a2\n", "lacks the column decision"),
        ("left,right,decision\na1,a2,same\na1,b1,perhaps\n", "line 3"),
        ("", "no CSV"),
    ],
)
def test_a_file_that_holds_no_decisions_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(InputRefused, match=told):
        read_decisions(path, IDS)


def test_the_program_keeps_to_decisions_and_asks_for_more(file: Path, tmp_path: Path) -> None:
    said = written(tmp_path / "d.csv", "a1,a2,different", "d1,e1,same")
    pairs, ask = tmp_path / "pairs.csv", tmp_path / "ask.csv"
    done = CliRunner().invoke(
        duplicates,
        ["find", str(file), "--pairs", str(pairs), "--decisions", str(said),
         "--ask", str(ask)],
        obj=Invocation(),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    rows = {(r["left"], r["right"]): r["decision"] for r in pl.read_csv(pairs).to_dicts()}
    assert ("a1", "a2") not in rows
    assert rows[("d1", "e1")] == "match"
    wanted = pl.read_csv(ask)
    assert wanted.columns == ["left", "right", "weight", "chance", "decision"]
    assert ("a1", "a2") not in set(wanted.select("left", "right").iter_rows())
    assert "2 decisions are too few to learn from" in done.output.replace("\n", " ")
