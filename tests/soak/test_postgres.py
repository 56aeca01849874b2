"""A server that crashes; the other programmes run on PostgreSQL as on every kind of store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("profilecore_postgres")

from soaking import Soak
from test_crash import Figures, kill_again_and_again

from profilecore_postgres.testing import Server

pytestmark = pytest.mark.soak


def tell(soak: Soak, figures: Figures, **more: object) -> None:
    soak.tell(
        acknowledged_operations=figures.acknowledged,
        under_way=dict(figures.under_way.most_common()),
        of_these_repeated_and_found_done=figures.happened,
        loads_continued=figures.jobs_continued,
        faults=len(figures.faults),
        **more,
    )


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
