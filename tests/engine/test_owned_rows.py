"""Plain fields of what people own: whose each row is now, and what is left of the cleared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pytest
from kit import P1, P2, open_engine

from profilecore import Engine, InvalidProfile, NotFound, Stay, hookimpl
from profilecore.model import DocumentKind, OnClear
from profilecore.model.fields import lean

FIELDS = ("arrival", "nights", "reference", "revenue")


def rows(engine: Engine, fields: Sequence[str] = FIELDS, **more: Any) -> list[dict[str, Any]]:
    """Give the rows, and see on the way that the columns have the same."""
    options = {"kind": "stay"} | more
    found = [row for page in engine.extract(fields, **options) for row in page]
    if not more.keys() & {"profile_ids", "after"}:
        names = ("owner", *fields, "id")
        pages = engine.columns(names, **options)
        told = [
            dict(zip(names, row, strict=True)) for page in pages for row in zip(*page, strict=True)
        ]
        assert told == found
    return found


def guest(engine: Engine, *references: str, **values: Any) -> str:
    id = engine.create({"last_name": "García"} | values).id
    for reference in references:
        stay = {"property_id": "P1", "arrival": "2026-01-17", "departure": "2026-01-20"}
        engine.record_stay(id, stay | {"reference": reference, "revenue": 45_000})
    return id


def test_stays_come_in_order_with_their_owner(each_engine: Engine) -> None:
    ana, ben = guest(each_engine, "a1", "a2"), guest(each_engine, "b1")
    found = rows(each_engine)
    assert [row["reference"] for row in found] == ["a1", "a2", "b1"]
    assert [row["owner"] for row in found] == [ana, ana, ben]
    assert found[0]["id"] == each_engine.stays(ana)[0].id
    assert (found[0]["nights"], found[0]["revenue"]) == (3, 45_000)


def test_after_a_merge_the_survivor_owns_them_and_after_an_unmerge_no_more(
    each_engine: Engine,
) -> None:
    a, b, c = (guest(each_engine, name) for name in "abc")
    each_engine.merge(each_engine.plan_merge(b, [c]))
    last = each_engine.merge(each_engine.plan_merge(a, [b]))
    assert [row["owner"] for row in rows(each_engine)] == [a, a, a]
    assert len(rows(each_engine, profile_ids=[a])) == 3
    each_engine.unmerge(last.id)
    assert [row["owner"] for row in rows(each_engine)] == [a, b, b]
    assert [row["reference"] for row in rows(each_engine, profile_ids=[b])] == ["b", "c"]


def test_of_the_cleared_is_left_what_a_clear_leaves(each_engine: Engine) -> None:
    a, b = guest(each_engine, "a"), guest(each_engine, "b")
    each_engine.merge(each_engine.plan_merge(a, [b]))
    each_engine.clear(a)
    for row in rows(each_engine):
        assert (row["owner"], row["arrival"], row["reference"]) == (None, "2026-01-01", None)
        assert (row["nights"], row["revenue"]) == (3, 45_000)
    assert rows(each_engine, profile_ids=[a]) == []


def test_what_a_hold_keeps_of_the_cleared_is_not_shown(each_engine: Engine) -> None:
    a = guest(each_engine, "kept")
    each_engine.place_hold(a, kind="legal", keeps=["stay.reference", "stay.arrival"])
    each_engine.clear(a)
    (row,) = rows(each_engine)
    assert (row["owner"], row["arrival"], row["reference"]) == (None, "2026-01-01", None)


def test_a_property_sees_nothing_of_people_private_to_another(each_engine: Engine) -> None:
    with each_engine.acting(P1):
        guest(each_engine, "mine", shared_level="property")
        guest(each_engine, "ours")
    with each_engine.acting(P2):
        assert [row["reference"] for row in rows(each_engine)] == ["ours"]
    with each_engine.acting(P1):
        assert [row["reference"] for row in rows(each_engine)] == ["mine", "ours"]


def test_what_is_unknown_is_named(each_engine: Engine) -> None:
    with pytest.raises(InvalidProfile) as refused:
        rows(each_engine, ["nights", "mood"])
    assert [p.path for p in refused.value.problems] == ["/fields/1"]
    with pytest.raises(NotFound):
        rows(each_engine, kind="dream")


class KeepsStays:
    """A host that keeps stays itself, by profile id."""

    def __init__(self) -> None:
        self.held: dict[str, Stay] = {}

    @hookimpl
    def profilecore_register_stays(self, register: Any) -> None:
        register(lambda ids: [self.held[id] for id in ids if id in self.held])


def test_the_hosts_own_stays_come_last_under_who_the_person_is_now() -> None:
    host = KeepsStays()
    engine = open_engine(plugins=[host])
    a, b = guest(engine, "a"), guest(engine)
    host.held[b] = Stay(id="h1", property_id="P1", arrival=date(2026, 2, 1), reference="h")
    engine.merge(engine.plan_merge(a, [b]))
    for found in (rows(engine), rows(engine, profile_ids=[a])):
        assert [(row["reference"], row["owner"]) for row in found] == [("a", a), ("h", a)]


@lean
class Wish:
    text: str


class KeepsWishes:
    @hookimpl
    def profilecore_register_kinds(self, register: Any) -> None:
        register(DocumentKind("wish", Wish, OnClear.KEEP))
        register(DocumentKind("count", Wish, OnClear.KEEP, personal=False))


def test_of_other_kinds_only_what_is_not_personal_is_left() -> None:
    engine = open_engine(plugins=[KeepsWishes])
    a = guest(engine)
    for kind in ("wish", "count"):
        engine.store_document(kind, Wish("sea view"), profile_id=a)
    engine.store_document("wish", Wish("of the chain"))
    wishes = rows(engine, ["text"], kind="wish")
    assert [(row["text"], row["owner"]) for row in wishes] == [
        ("sea view", a),
        ("of the chain", None),
    ]
    engine.clear(a)
    assert [row["text"] for row in rows(engine, ["text"], kind="wish")] == ["of the chain"]
    assert [row["owner"] for row in rows(engine, ["text"], kind="count")] == [None]


def test_a_tally_counts_the_living_by_their_keys(each_engine: Engine) -> None:
    people = [each_engine.create({"last_name": n, "tags": t}).id for n, t in _tagged()]
    vip, golf = ("tag", "vip"), ("tag", "golf")
    assert [each_engine.tally(k) for k in ([], [vip], [golf, vip], [("tag", "spa")])] == [
        4,
        3,
        2,
        0,
    ]
    each_engine.merge(each_engine.plan_merge(people[0], [people[1]]))
    each_engine.clear(people[2])
    assert [each_engine.tally(k) for k in ([], [vip], [vip, golf])] == [2, 1, 1]


def _tagged() -> Iterable[tuple[str, list[str]]]:
    return zip("abcd", (["vip", "golf"], ["vip"], ["golf", "vip"], ["golf"]), strict=True)


def test_holders_come_page_by_page_in_the_order_of_insertion(each_engine: Engine) -> None:
    people = [each_engine.create({"last_name": n, "tags": t}).id for n, t in _tagged()]
    keys = [("tag", "vip"), ("tag", "golf")]
    one = each_engine.holders(keys, limit=1)
    assert one.items == (people[0],)
    two = each_engine.holders(keys, limit=1, cursor=one.next)
    assert (two.items, two.next) == ((people[2],), None)
    assert each_engine.holders(keys[:1]).items == tuple(people[:3])


def test_a_cursor_of_other_keys_is_refused(each_engine: Engine) -> None:
    for name, tags in _tagged():
        each_engine.create({"last_name": name, "tags": tags})
    cursor = each_engine.holders([("tag", "vip")], limit=1).next
    for keys, more in (
        ([("tag", "golf")], {"cursor": cursor}),
        ([], {}),
        ([("a", "b")], {"limit": 0}),
    ):
        with pytest.raises(InvalidProfile):
            each_engine.holders(keys, **more)  # type: ignore[arg-type]  # options of a test


def test_a_run_goes_on_behind_an_id(each_engine: Engine) -> None:
    people = [guest(each_engine, name) for name in "abc"]
    behind = [r["id"] for page in each_engine.extract(["id"], after=people[0]) for r in page]
    assert behind == people[1:]
    first = rows(each_engine)[0]["id"]
    assert [row["reference"] for row in rows(each_engine, after=first)] == ["b", "c"]
