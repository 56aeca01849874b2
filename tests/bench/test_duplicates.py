"""The benchmark of the search for duplicates: how it judges, what it survives, where it writes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from bench.duplicates.running import Limits, run
from bench.page import with_head, with_section

LIMITS = Limits(seconds=600, gigabytes=64)
PAGE = "# Benchmarks\n\nold head\n\n## One\n\nkept\n\n## Two\n\nold\n\n### a\n\n1\n\n### b\n\n2\n"


def program(text: str) -> list[str | Path]:
    return [sys.executable, "-c", text]


def test_a_run_counts_the_work_of_its_children(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    done = run(
        program(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"),
        tmp_path,
        LIMITS,
    )
    assert done.failure == ""
    assert done.cpu >= 0.3
    assert done.memory > 1


def test_a_run_that_takes_too_long_is_stopped_with_its_children(tmp_path: Path) -> None:
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(3600)"
    text = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    done = run(program(text), tmp_path, Limits(5, 64))
    assert done.failure == "no result in 5 s"
    for pid in (tmp_path / "log.txt").read_text().split():
        assert not alive(int(pid))


def test_a_run_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    done = run(
        program("import time; taken = b'x' * 300_000_000; time.sleep(3600)"),
        tmp_path,
        Limits(seconds=600, gigabytes=0.25),
    )
    assert done.failure == "no result in 0.25 GB"


def alive(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        process.wait(60)
    except psutil.NoSuchProcess:
        return False
    except psutil.TimeoutExpired:
        return True
    return False


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (program("import sys; print('why'); sys.exit(3)"), "ended with 3"),
        (program("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "ended with -9"),
        (["/nowhere/at/all"], "could not start"),
    ],
)
def test_a_run_that_fails_says_how(tmp_path: Path, command: list[str | Path], says: str) -> None:
    assert run(command, tmp_path, LIMITS).failure.startswith(says)


def test_no_run_finds_what_another_left_at_home(tmp_path: Path) -> None:
    run(program("import os; print(os.path.expanduser('~'), os.getcwd())"), tmp_path, LIMITS)
    assert (tmp_path / "log.txt").read_text().split() == [str(tmp_path)] * 2


def test_a_head_leaves_the_sections() -> None:
    page = with_head(PAGE, "# Benchmarks\n\nnew head\n")
    assert page == PAGE.replace("old head", "new head")


def test_a_part_of_a_section_leaves_the_others() -> None:
    page = with_section(PAGE, "Two", "new", "b", "3\n")
    assert page == PAGE.replace("old\n\n### a", "new\n\n### a").replace("2\n", "3\n")
    assert with_section(page, "Two", "new", "b", "3\n") == page


def test_a_section_and_a_part_that_are_new_come_last() -> None:
    page = with_section(PAGE, "Three", "about", "c", "4")
    assert page == PAGE + "\n## Three\n\nabout\n\n### c\n\n4\n"


def test_the_peers_get_guests_in_standard_columns(
    part: Callable[[str], Any], tmp_path: Path
) -> None:
    part("profilecore_duplicates")
    sets = part("bench.duplicates.sets")
    import polars as pl

    (tmp_path / "records.csv").write_text(
        "id,first_name,last_name,dob,email,phone,address,city,postcode,country,doc_no\n"
        "1,ZOË,Müller,1996-04-02,Z@M.example,+44 (0)20 7946 0001,12b High St,Köln,,DE,ab1\n"
        "2,,,,guest1@ota-relay.example,,Calle 7,,,,\n"
    )
    (tmp_path / "truth.csv").write_text("id_l,id_r\n1,2\n")
    of = sets.known(f"{tmp_path}/")
    assert of.model == "guests"
    one, two = pl.read_parquet(sets.prepared(of, tmp_path)).to_dicts()
    assert (one["first_name"], one["last_name"], one["city"]) == ("zoe", "muller", "koln")
    assert (one["phone"], one["email"], one["doc_no"]) == ("079460001", "z@m.example", "AB1")
    assert (one["street"], one["house"]) == ("high st", "12b")
    assert (two["email"], two["phone"], two["street"]) == (None, None, "calle")


def test_a_directory_without_a_set_ends_with_a_word(
    part: Callable[[str], Any], tmp_path: Path
) -> None:
    part("profilecore_duplicates")
    sets = part("bench.duplicates.sets")
    with pytest.raises(SystemExit, match=r"has no records\.csv"):
        sets.known(f"{tmp_path}/")
    (tmp_path / "records.csv").write_text("id,hobby\n")
    (tmp_path / "truth.csv").write_text("id_l,id_r\n")
    with pytest.raises(SystemExit, match="no model for its columns"):
        sets.known(f"{tmp_path}/")


@pytest.fixture
def judging(part: Callable[[str], Any]) -> Any:
    part("profilecore_duplicates")
    from bench.duplicates import judging

    return judging


def test_pairs_and_clusters_are_judged(judging: Any, tmp_path: Path) -> None:
    import polars as pl

    truth = tmp_path / "truth.csv"
    truth.write_text("id_l,id_r\n1,2\n3,4\n")
    ids = pl.Series("id", ["1", "2", "3", "4", "5"])
    pairs = pl.DataFrame(
        {"left": ["2", "1", "4", "1"], "right": ["1", "2", "3", "5"], "weight": [9.0, 5, -2, -3]}
    )
    clusters = pl.DataFrame({"id": ["1", "2", "3"], "cluster": ["x", "x", "y"]})
    verdict = judging.judge(pairs, clusters, ids, truth, 0.0)
    assert (verdict.best.pairs, verdict.best.f1) == (2, 1.0)
    assert (verdict.default.pairs, verdict.default.recall) == (1, 0.5)
    assert (verdict.clusters.pairs, verdict.clusters.precision) == (1, 1.0)


def test_a_tool_that_found_nothing_is_judged_too(judging: Any, tmp_path: Path) -> None:
    import polars as pl

    truth = tmp_path / "truth.csv"
    truth.write_text("id_l,id_r\n1,2\n")
    none = pl.DataFrame(schema={"left": pl.String, "right": pl.String, "weight": pl.Float64})
    alone = pl.DataFrame(schema={"id": pl.String, "cluster": pl.String})
    verdict = judging.judge(none, alone, pl.Series("id", ["1", "2"]), truth, 0.0)
    assert (verdict.default.f1, verdict.clusters.recall) == (0.0, 0.0)
