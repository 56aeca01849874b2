"""Each verb fails at each of its calls to the store in turn, on every kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from fault_worlds import VERBS, fail_at_every_call, house_for, many_transactions
from soaked_stores import KINDS, PROGRAMMES, Kind, on_kinds_for
from soaking import Soak

from profilecore.store import Store

pytestmark = pytest.mark.soak


@on_kinds_for("faults")
@pytest.mark.parametrize("verb", VERBS)
def test_a_failing_call_leaves_before_or_after_and_the_verb_completes(
    soak: Soak, verb: str, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb == "scrub":
        with closing(kind.open(tmp_path / "probe.db")) as probe:
            if probe.remainder is not None:
                pytest.skip(f"a scrub of {kind.name} erases nothing: receipts stay pending")
    many_transactions(monkeypatch)
    numbers = count(1)

    @contextmanager
    def opens() -> Iterator[Store]:
        store = kind.open(tmp_path / f"{next(numbers)}.db")
        yield store
        store.close()

    _, operation, joint = VERBS[verb]
    house = house_for(verb, tmp_path)
    done = fail_at_every_call(house, opens, operation, joint=joint, anew=soak.is_full)
    soak.tell(
        calls=done.calls, found_before=done.before, found_after=done.after, between=done.partly
    )
    assert done.names >= {"write", "get", "put", "append", "commit"}


def test_each_store_says_why_it_omits_a_programme() -> None:
    for kind in KINDS:
        assert kind.omits.keys() <= set(PROGRAMMES), kind.name
        assert all(kind.omits.values())
