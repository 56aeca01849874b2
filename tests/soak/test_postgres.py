"""The programmes of crash, engine and writers on PostgreSQL, and a server that crashes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("profilecore_postgres")

from broken_stores import on_postgres
from soaking import Soak
from stateful_machine import EngineMachine
from test_crash import Figures, kill_again_and_again
from test_stateful import work
from test_writers import lose_nothing

from profilecore_postgres.testing import DSN, NoServer, Server, a_server

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a server of this run alone, for it is stopped; its processes find it by the variable."""
    if DSN in os.environ:
        pytest.skip("the server that is given must not be stopped")
    try:
        with a_server() as made, pytest.MonkeyPatch.context() as patch:
            patch.setenv(DSN, made.dsn)
            yield made
    except NoServer as error:
        if "postgres" in os.environ.get("PROFILECORE_REQUIRE", "").replace(",", " ").split():
            pytest.fail(f"PROFILECORE_REQUIRE names postgres. {error}")
        pytest.skip(str(error))


def tell(soak: Soak, figures: Figures, **more: object) -> None:
    soak.tell(
        acknowledged_operations=figures.acknowledged,
        under_way=dict(figures.under_way.most_common()),
        of_these_repeated_and_found_done=figures.happened,
        loads_continued=figures.jobs_continued,
        faults=len(figures.faults),
        **more,
    )


def test_what_was_acknowledged_survives_a_kill_on_postgres(
    soak: Soak, tmp_path: Path, server: Server
) -> None:
    kills = soak.size(8, 300)
    figures = kill_again_and_again(tmp_path, kills, Random(soak.seed), "postgres")
    tell(soak, figures, kills=figures.kills)
    assert figures.faults == []
    assert figures.kills == kills


def test_what_was_acknowledged_survives_a_crash_of_the_server(
    soak: Soak, tmp_path: Path, server: Server
) -> None:
    crashes = soak.size(4, 100)
    modes: Counter[str] = Counter()
    random = Random(soak.seed)

    def crash() -> None:
        mode = random.choice(("immediate", "immediate", "fast"))
        modes[mode] += 1
        server.stop(mode)
        server.start()

    figures = kill_again_and_again(tmp_path, crashes, random, "postgres", strike=crash)
    tell(soak, figures, stops=dict(modes))
    assert figures.faults == []
    assert sum(modes.values()) == crashes


def test_commits_that_do_not_wait_for_the_disk_are_found_out(
    soak: Soak, tmp_path: Path, server: Server
) -> None:
    def crash() -> None:
        server.stop("immediate")
        server.start()

    store = "postgres, without waiting"
    figures = kill_again_and_again(tmp_path, 60, Random(soak.seed), store, strike=crash)
    tell(soak, figures, stops=figures.kills)
    assert figures.faults != []


def test_the_engine_does_the_same_on_memory_and_on_postgres(soak: Soak, server: Server) -> None:
    EngineMachine.done.clear()
    stores = work(on_postgres, soak.size(100, 10_000), soak.seed)
    done = sorted(EngineMachine.done.items(), key=lambda pair: -pair[1])
    soak.tell(steps=EngineMachine.steps, stores=stores, done=dict(done))
    assert {"create", "update", "merge", "clear"} <= EngineMachine.done.keys()


def test_eight_processes_lose_nothing_on_postgres(
    soak: Soak, tmp_path: Path, server: Server
) -> None:
    lose_nothing(soak, tmp_path / "shared", "postgres")
