"""Many threads at once: no lost update, no two survivors, no half of anything."""

from __future__ import annotations

import random

import pytest
from kit import Clock, Ids, open_engine, run_threads

from profilecore import (
    Engine,
    MergeBlocked,
    ProfileCleared,
    StalePlan,
    UnmergeBlocked,
    VersionConflict,
)
from profilecore.model import State
from profilecore.store import Store

THREADS = 8


def test_concurrent_additions_are_all_there(each_engine: Engine) -> None:
    made = each_engine.create({"last_name": "x"})

    def work(number: int) -> None:
        for n in range(10):
            each_engine.update(made.id, {"tags": {"add": [f"{number}-{n}"]}})

    assert run_threads(THREADS, work) == []
    now = each_engine.get(made.id)
    assert len(now.tags) == THREADS * 10
    assert now.version == 1 + THREADS * 10


def test_of_changes_based_on_one_version_one_wins(each_engine: Engine) -> None:
    made = each_engine.create({"last_name": "x"})
    raised = run_threads(
        THREADS, lambda n: each_engine.update(made.id, {"occupation": f"{n}"}, if_version=1)
    )
    assert [type(e) for e in raised] == [VersionConflict] * (THREADS - 1)
    assert each_engine.get(made.id).version == 2


def test_one_key_makes_one_profile(each_engine: Engine) -> None:
    made: list[str] = []
    raised = run_threads(
        THREADS, lambda n: made.append(each_engine.create({"last_name": "x"}, key="k").id)
    )
    assert raised == []
    assert len(set(made)) == 1
    assert len(each_engine.search().items) == 1


@pytest.mark.parametrize("seed", range(30))
def test_overlapping_merges_end_in_one_root_or_are_refused(engine: Engine, seed: int) -> None:
    ids = [engine.create({"last_name": f"N{n}"}).id for n in range(4)]
    choose = random.Random(seed)
    wishes = [choose.sample(ids, choose.choice((2, 2, 3))) for _ in range(4)]

    def work(number: int) -> None:
        survivor, *others = wishes[number]
        engine.merge(engine.plan_merge(survivor, others))

    raised = run_threads(len(wishes), work)
    assert {type(e) for e in raised} <= {StalePlan, MergeBlocked}
    check_families(engine, ids)


def check_families(engine: Engine, ids: list[str]) -> None:
    """Check that ids, roots and absorbed ids tell one story."""
    roots = {id: engine.get(id).id for id in ids}
    for id, root in roots.items():
        assert roots[root] == root, "a root stands for itself"
        assert engine.path(id)[-1] == root
    for root in set(roots.values()):
        profile = engine.get(root)
        assert set(profile.family) == {id for id in ids if roots[id] == root}
        assert len(profile.absorbed) == len(set(profile.absorbed))


def test_the_same_merge_from_many_threads_happens_once(each_engine: Engine) -> None:
    a, b = each_engine.create({"last_name": "x"}).id, each_engine.create({"last_name": "x"}).id
    plan = each_engine.plan_merge(a, [b])
    entries: list[str] = []
    assert run_threads(THREADS, lambda n: entries.append(each_engine.merge(plan).id)) == []
    assert len(set(entries)) == 1
    assert each_engine.get(a).version == 2


def test_merging_both_ways_at_once_makes_no_cycle(each_engine: Engine) -> None:
    for _ in range(5):
        pair = [each_engine.create({"last_name": "x"}).id for _ in range(2)]
        plans = [
            each_engine.plan_merge(*order) for order in ((pair[0], pair[1:]), (pair[1], pair[:1]))
        ]
        raised = run_threads(2, lambda n, plans=plans: each_engine.merge(plans[n]))  # type: ignore[misc]
        assert [type(e) for e in raised] in ([StalePlan], [MergeBlocked])
        check_families(each_engine, pair)


def test_a_clear_and_changes_at_once_leave_nothing_behind(each_engine: Engine) -> None:
    made = each_engine.create({"last_name": "x", "emails": ["x@example.org"]})

    def work(number: int) -> None:
        if number == 3:
            each_engine.clear(made.id)
            return
        for n in range(5):
            each_engine.update(made.id, {"tags": {"add": [f"{number}-{n}"]}})

    raised = run_threads(THREADS, work)
    assert {type(e) for e in raised} <= {ProfileCleared}
    left = each_engine.get(made.id)
    assert (left.state, left.tags, left.emails) == (State.CLEARED, (), ())
    assert each_engine.search("x").items == ()


def test_mixed_verbs_lose_no_update_and_keep_the_books(store: Store) -> None:
    engine = open_engine(store, clock=Clock(), new_id=Ids())
    ids = [engine.create({"last_name": f"N{n}", "tags": ["start"]}).id for n in range(6)]
    added: list[str] = []
    allowed = (StalePlan, MergeBlocked, UnmergeBlocked)

    def work(number: int) -> None:
        choose = random.Random(number)
        for n in range(12):
            id = choose.choice(ids)
            try:
                match choose.randrange(5):
                    case 0 | 1:
                        note = f"{number}-{n}"
                        engine.update(id, {"notes": [note]})
                        added.append(note)
                    case 2:
                        engine.merge(engine.plan_merge(id, [choose.choice(ids)]))
                    case 3:
                        merges = [m for m in engine.merges(id) if m.undone is None]
                        if merges:
                            engine.unmerge(merges[-1].id)
                    case _:
                        engine.search("n", limit=3)
                        engine.access(id)
            except allowed:
                pass

    raised = [e for e in run_threads(THREADS, work) if not isinstance(e, allowed)]
    assert raised == []
    check_families(engine, ids)
    held = [n.text for id in {engine.get(id).id for id in ids} for n in engine.get(id).notes]
    assert sorted(added) == sorted(held)
    assert store.check() == []
    seqs = [e.seq for e in engine.changes(limit=10_000).items]
    assert seqs == sorted(set(seqs))
