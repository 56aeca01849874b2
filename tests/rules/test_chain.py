"""Chains of any entries: every way to meddle with one shows, and honest ones show nothing."""

from __future__ import annotations

from datetime import timedelta, timezone
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import START, examples

from profilecore.model import Receipt
from profilecore.model.documents import Chain, ReceiptStatus
from profilecore.model.events import Event
from profilecore.model.fields import evolve
from profilecore.rules.chain import (
    AUDIT,
    RECEIPTS,
    ChainFault,
    Rule,
    Walk,
    chain,
    digest,
    link,
    seal,
    seal_over,
)

names = st.text(max_size=5)
tuples = st.lists(names, max_size=3).map(tuple)
events = st.builds(
    Event,
    type=names,
    profile_id=names,
    at=st.integers(0, 10**9).map(lambda micros: START + timedelta(microseconds=micros)),
    id=names,
    fields=tuples,
    subject=st.none() | names,
    related=tuples,
    actor=st.none() | names,
    property_id=st.none() | names,
    scope=st.none() | names,
)
FACTS = (
    "type", "profile_id", "id", "fields", "subject", "related", "actor", "property_id", "scope",
)  # fmt: skip


def chain_of(given_events: list[Event]) -> tuple[list[Event], Chain]:
    """Link events one by one."""
    end = Chain()
    made = [evolve(event, number=0) for event in given_events]
    for event in made:
        end = chain([event], end)
    return made, end


def receipts_of(count: int) -> tuple[list[Receipt], Chain]:
    """Make a chain of receipts."""
    made = [Receipt(f"r{n}", f"p{n}", ReceiptStatus.PENDING, START) for n in range(count)]
    return made, link(made, Chain())


def found(rule: Rule[Event], entries: list[Event], end: Chain) -> list[ChainFault]:
    walk = Walk(rule)
    return [*walk.along(entries), *walk.at_end(end)]


chains = st.lists(events, min_size=1, max_size=8).map(chain_of)


@given(chains, st.integers(0, 8))
@examples(100)
def test_an_honest_chain_is_whole_however_it_is_paged(
    chain: tuple[list[Event], Chain], cut: int
) -> None:
    entries, end = chain
    walk = Walk(AUDIT)
    assert [*walk.along(entries[:cut]), *walk.along(entries[cut:]), *walk.at_end(end)] == []
    assert walk.done == len(entries)


@given(chains, st.data())
@examples(150)
def test_any_change_of_a_fact_shows(chain: tuple[list[Event], Chain], data: st.DataObject) -> None:
    entries, end = chain
    at = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from(FACTS))
    value = getattr(data.draw(events), name)
    changed = evolve(entries[at], **{name: value})
    expected = (
        [] if changed == entries[at] else [ChainFault("audit", at + 1, "changed", changed.id)]
    )
    assert found(AUDIT, [*entries[:at], changed, *entries[at + 1 :]], end) == expected


@given(chains, st.data())
@examples(150)
def test_runs_of_missing_entries_are_told_exactly(
    chain: tuple[list[Event], Chain], data: st.DataObject
) -> None:
    entries, end = chain
    kept = [e for e in entries if data.draw(st.booleans())]
    told = found(AUDIT, kept, end)
    assert {fault.code for fault in told} <= {"missing"}
    missing = [n for fault in told for n in range(fault.number, (fault.last or 0) + 1)]
    assert missing == [e.number for e in entries if e not in kept]
    runs = [(a.last or 0) + 1 < b.number for a, b in pairwise(told)]
    assert all(runs), "two faults for one run"


@given(chains, st.randoms(use_true_random=False))
@examples(100)
def test_any_other_order_shows(chain: tuple[list[Event], Chain], random: Random) -> None:
    entries, end = chain
    mixed = list(entries)
    random.shuffle(mixed)
    assert (found(AUDIT, mixed, end) == []) == (mixed == entries)


@given(chains, st.data())
@examples(100)
def test_an_entry_sealed_anew_shows_behind_it(
    chain: tuple[list[Event], Chain], data: st.DataObject
) -> None:
    entries, end = chain
    at = data.draw(st.integers(0, len(entries) - 1))
    forged = evolve(entries[at], actor="somebody else entirely")
    own = digest(forged)
    before = entries[at - 1].seal if at else ""
    forged = evolve(forged, digest=own, seal=seal_over(before, own))
    (fault,) = found(AUDIT, [*entries[:at], forged, *entries[at + 1 :]], end)
    assert (fault.code, fault.number) == ("unlinked", min(at + 2, len(entries)))


@given(st.lists(events, max_size=3), chains)
@examples(50)
def test_entries_before_the_chain_began_are_passed_over(
    old: list[Event], chain: tuple[list[Event], Chain]
) -> None:
    entries, end = chain
    assert found(AUDIT, [*old, *entries], end) == []
    behind = found(AUDIT, [*entries, *old], end)
    assert [f.code for f in behind if f.code == "moved"] == ["moved"] * len(old)


@given(st.lists(events, min_size=2, max_size=2))
@examples(200)
def test_other_facts_have_another_digest(two: list[Event]) -> None:
    one, other = two
    assert (digest(one) == digest(other)) == (one == other)


def test_events_linked_together_are_linked_as_one_by_one() -> None:
    def made() -> list[Event]:
        return [
            Event(what, f"p{n}", START, f"e{n}", ("tags",) * (n % 2), actor="chain", scope=scope)
            for n, (what, scope) in enumerate(
                [("a", None), ("a", None), ("b", None), ("b", "P1"), ("b", None)]
            )
        ]

    together, one_by_one, end = made(), made(), Chain(3, "seal")
    for event in one_by_one:
        end = chain([event], end)
    assert (chain(together, Chain(3, "seal")), together) == (end, one_by_one)
    assert all(event.digest == digest(event) for event in together)
    assert [event.number for event in together] == [4, 5, 6, 7, 8]
    assert end == Chain(8, together[-1].seal)


def test_what_was_linked_in_a_part_that_was_undone_is_linked_anew() -> None:
    events, end = [Event("a", "p", START, "e")], Chain()
    receipts = [Receipt("r", "p", ReceiptStatus.PENDING, START)]
    for before in (Chain(3, "seal"), end):
        ends = chain(events, before), link(receipts, before)
    assert (events, ends[0]) == chain_of([Event("a", "p", START, "e")])
    bare = [Receipt("r", "p", ReceiptStatus.PENDING, START)]
    assert (ends[1], receipts) == (link(bare, end), bare)


def test_the_digest_does_not_hang_on_zone_or_seq() -> None:
    event = Event("profile.created", "p", START, "e")
    elsewhere = START.astimezone(timezone(timedelta(hours=5)))
    assert digest(evolve(event, at=elsewhere, seq=9)) == digest(event)


def test_a_digest_can_be_worked_out_without_this_library() -> None:
    from hashlib import sha256

    event = Event(
        "profile.updated", "p1", START, "e1", fields=("tags",), actor="desk", number=3
    )  # fmt: skip
    facts = (
        '[3,"e1","p1",["tags"]]'
        '["profile.updated","2026-03-01T12:00:00Z",null,[],"desk",null,null]'
    )  # fmt: skip
    assert digest(event) == sha256(facts.encode()).hexdigest()
    assert seal_over("ab", "cd") == sha256(b"abcd").hexdigest()


@pytest.mark.parametrize("dropped", [(0,), (1, 2), (3, 4), (0, 1, 2, 3, 4)])
def test_receipts_that_are_missing_in_a_row_are_one_fault(dropped: tuple[int, ...]) -> None:
    receipts, end = receipts_of(5)
    walk = Walk(RECEIPTS)
    kept = [receipt for n, receipt in enumerate(receipts) if n not in dropped]
    told = [*walk.along(kept), *walk.at_end(end)]
    expected = ChainFault("receipts", dropped[0] + 1, "missing", last=dropped[-1] + 1)
    assert told == [expected]


def test_a_receipt_sealed_anew_is_unlinked_behind() -> None:
    receipts, end = receipts_of(3)
    forged = evolve(receipts[0], actor="somebody")
    walk = Walk(RECEIPTS)
    told = [*walk.along([evolve(forged, seal=seal(forged)), *receipts[1:]]), *walk.at_end(end)]
    assert told == [ChainFault("receipts", 2, "unlinked", "r1")]
