"""The engine does the same on every store, and keeps its promises whatever is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

pytest.importorskip("profilecore_sqlite")

from broken_stores import BlobsStay, OneOwnerOnly, WordsStay, broken
from soaked_stores import Kind, on_kinds_for
from soaking import Soak
from stateful_machine import EngineMachine

from profilecore.engine import clearing
from profilecore.store import Store
from profilecore_sqlite import open_store

pytestmark = pytest.mark.soak

STEPS_AT_ONCE = 50
EXAMPLES_AT_ONCE = 10


def quick(path: Path) -> Store:
    """Open the sound store without waiting for the disk: no test here cuts the power."""
    return open_store(f"sqlite:///{path}", synchronous="NORMAL")


QUICK = {"sqlite": quick}


def work(opener: Callable[[Path], Store], steps: int, first_seed: int, *phases: Phase) -> int:
    """Run machines until enough steps were made; give the number of machines."""
    chosen = settings(
        max_examples=EXAMPLES_AT_ONCE,
        stateful_step_count=STEPS_AT_ONCE,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=phases or tuple(Phase),
    )
    EngineMachine.steps, rounds = 0, 0
    while EngineMachine.steps < steps:

        @seed(first_seed + rounds)
        class Machine(EngineMachine):
            pass

        Machine.opener = staticmethod(opener)
        run_state_machine_as_test(Machine, settings=chosen)
        rounds += 1
    return rounds * EXAMPLES_AT_ONCE


@on_kinds_for("stateful")
def test_the_engine_does_the_same_as_on_memory(soak: Soak, kind: Kind) -> None:
    EngineMachine.done.clear()
    opener = QUICK.get(kind.name, kind.open)
    stores = work(opener, soak.size(kind.size(1_500), 10_000), soak.seed)
    done = sorted(EngineMachine.done.items(), key=lambda pair: -pair[1])
    soak.tell(steps=EngineMachine.steps, stores=stores, done=dict(done))
    verbs = {"create", "update", "merge", "clear", "clear due", "load"}
    assert verbs <= EngineMachine.done.keys()


@pytest.mark.parametrize("kind", [WordsStay, BlobsStay, OneOwnerOnly])
def test_a_store_that_differs_is_found_out(
    soak: Soak, kind: type[WordsStay | BlobsStay | OneOwnerOnly]
) -> None:
    with pytest.raises(AssertionError) as found:
        work(broken(kind), 3_000, soak.seed, Phase.generate)
    soak.tell(store=kind.__name__, steps=EngineMachine.steps, found=str(found.value)[:40])


def test_an_engine_that_leaves_owned_documents_is_found_out(
    soak: Soak, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "_clear_document", lambda *_: None)
    with pytest.raises(AssertionError, match="came or went") as found:
        work(quick, 3_000, soak.seed, Phase.generate)
    soak.tell(steps=EngineMachine.steps, found=str(found.value)[:40])
