"""A verb that fails at any call to the store leaves each guest as before or as after it.

The calls are counted from reading over writing to the commit, and what follows it.  Several guests
are due at once, some have files, stays, or texts that a plugin keeps elsewhere; clears are noted in
a ledger beside the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fault_worlds import VERBS, Opens, Tried, fail_at_every_call, house_for, many_transactions

from profilecore.engine import clearing, due, loading
from profilecore.engine.kernel import Unit
from profilecore.engine.persons import Person, person
from profilecore.rules.clearing import ClearPlan
from profilecore.store import MemoryStore, Store, Writer

SEVERAL = ("load", "clear_due that warns", "clear_due that clears")
# What each verb reads, writes and ends with; any of these calls can fail.
CALLS = {"write", "get", "put", "append", "commit"}


@pytest.fixture(autouse=True)
def portions(monkeypatch: pytest.MonkeyPatch) -> None:
    many_transactions(monkeypatch)


@contextmanager
def in_memory() -> Iterator[Store]:
    yield MemoryStore()


def tried(verb: str, folder: Path, opens: Opens = in_memory, **options: Any) -> Tried:
    _, operation, joint = VERBS[verb]
    house = options.pop("house", None) or house_for(verb, folder)
    return fail_at_every_call(house, opens, operation, joint=joint, **options)


@pytest.mark.parametrize("verb", VERBS)
def test_a_failing_call_leaves_before_or_after_and_the_verb_completes(
    verb: str, tmp_path: Path
) -> None:
    done = tried(verb, tmp_path)
    assert done.names >= CALLS
    assert done.before > 0
    assert (done.partly > 0) == (verb in SEVERAL), "between two guests, never inside of one"


@pytest.mark.parametrize("verb", ["clear", "load", "clear_due that clears"])
def test_an_interrupt_at_any_call_leaves_before_or_after(verb: str, tmp_path: Path) -> None:
    assert tried(verb, tmp_path, error=KeyboardInterrupt()).names >= CALLS


# ---- controls: what breaks the promise is found


def test_a_clear_in_two_steps_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[tuple[str, str | None]] = []
    carry_out, work = due.carry_out, due._Run.work

    def first_step(unit: Unit, one: Person, made: ClearPlan, reason: str | None) -> None:
        for document in one.documents:
            unit.writer.delete(document.kind, document.id)
            unit.writer.delete_blob(document.id)
        waiting.append((one.root.id, reason))

    def second_step(run: Any) -> None:
        waiting.clear()
        work(run)
        with run.kernel.writing() as unit:
            while waiting:
                id, reason = waiting.pop()
                one = person(run.kernel, unit.writer, id)
                carry_out(unit, one, clearing.work_out(run.kernel, one), reason)

    verb = "clear_due that clears"
    house = house_for(verb, tmp_path)
    monkeypatch.setattr(due, "carry_out", first_step)
    monkeypatch.setattr(due._Run, "work", second_step)
    with pytest.raises(AssertionError, match=r"\('Abel', \d+, '\w+'\)"):
        tried(verb, tmp_path, house=house)


class _KeepsHalf(MemoryStore):
    """Undoes nothing that was written before a transaction failed."""

    @contextmanager
    def write(self) -> Iterator[Writer]:
        yield self._writer


@pytest.mark.parametrize("verb", ["merge", "unmerge", "clear"])
def test_a_store_without_transactions_is_found_out(verb: str, tmp_path: Path) -> None:
    @contextmanager
    def opens() -> Iterator[Store]:
        yield _KeepsHalf()

    with pytest.raises(AssertionError):
        tried(verb, tmp_path, opens)


def test_a_load_that_calls_a_failing_store_a_bad_row_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(Exception):
        """Stands for an error that is not let through."""

    monkeypatch.setattr(loading, "StoreError", Other)
    with pytest.raises(AssertionError):
        tried("load", tmp_path)
