"""Everything held about a person, for the person."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from kit import P1, P2, PNG, START, Clock, open_engine

from profilecore import Actor, Engine, NotFound, Stay, hookimpl
from profilecore.engine import accessing
from profilecore.model import Document

ANA = {"first_name": "Ana", "last_name": "García"}


def test_an_answer_has_the_profile_and_all_it_owns(each_engine: Engine) -> None:
    a = each_engine.create(ANA | {"emails": ["ana@example.org"]}, key="k")
    b = each_engine.create({"last_name": "Merged-Away"})
    each_engine.attach(b.id, "a.png", PNG)
    each_engine.place_hold(a.id, kind="open-bill", property_id="P1", ref="bill 17")
    each_engine.record_stay(b.id, {"property_id": "P1", "reference": "ref 9"})
    each_engine.merge(each_engine.plan_merge(a.id, [b.id]))
    held = each_engine.access(b.id)
    assert held["profile"]["emails"] == [{"value": "ana@example.org"}]
    assert [p["last_name"] for p in held["merged_profiles"]] == ["Merged-Away"]
    assert held["documents"].keys() == {"file", "hold", "stay", "merge", "outcome"}
    assert held["documents"]["hold"][0]["ref"] == "bill 17"
    assert held["documents"]["stay"][0]["reference"] == "ref 9"
    assert held["ids"] == [a.id, b.id]
    assert (held["format"], held["incomplete"]) == (1, [])
    assert held["made_at"] == START.isoformat()
    assert json.loads(json.dumps(held)) == held


def test_other_guests_and_staff_are_left_out(each_engine: Engine) -> None:
    engine = each_engine
    child, parent, friend = (engine.create({"last_name": "x"}).id for _ in range(3))
    with engine.acting(Actor("zoe-of-the-desk", "P1", source="pms")):
        a = engine.create(
            ANA
            | {
                "notes": ["Asked Zoe for a cot."],
                "restrictions": [{"kind": "blocklist", "set_by": "zoe-of-the-desk"}],
                "consents": [{"purpose": "news", "status": "granted"}],
                "relationships": [{"type": "child", "profile_id": child}],
            }
        )
        b = engine.create({"last_name": "y"})
        engine.update(parent, {"relationships": [{"type": "child", "profile_id": a.id}]})
        hold = engine.place_hold(a.id, kind="open-bill")
        engine.release_hold(hold.id)
        engine.attach(a.id, "a.png", PNG)
        engine.record_stay(a.id, {"property_id": "P1", "companions": [friend, child]})
    engine.merge(engine.plan_merge(a.id, [b.id]))
    held = engine.access(a.id)
    text = json.dumps(held)
    for other in (child, parent, friend, "zoe-of-the-desk"):
        assert other not in text
    profile, documents = held["profile"], held["documents"]
    assert profile["notes"][0]["by"] == "staff"
    assert profile["notes"][0]["text"] == "Asked Zoe for a cot."
    assert profile["restrictions"][0]["set_by"] == "staff"
    assert held["consents"][0]["recorded_by"] == "staff"
    assert profile["relationships"] == [{"type": "child", "profile_id": "another person"}]
    assert [(r["type"], r["profile_id"]) for r in held["relationships"]] == [
        ("child", "another person"),
        ("parent", "another person"),
    ]
    stamp = {"at": "2026-03-01T12:00:00Z", "source": "pms", "actor": "staff", "property_id": "P1"}
    assert profile["provenance"]["base"] == stamp
    assert documents["hold"][0]["placed"] == documents["hold"][0]["released"] == stamp
    assert documents["file"][0]["attached"] == stamp
    assert documents["stay"][0]["companions"] == 2
    # The chain itself is nobody, and a journal keeps the person's own ids.
    assert documents["merge"][0]["stamp"]["actor"] == "chain"
    assert documents["merge"][0]["loser_ids"] == [b.id]


def test_once_a_merge_is_undone_the_other_person_is_left_out(each_engine: Engine) -> None:
    a, b, c = (each_engine.create({"last_name": name}).id for name in ("One", "Two", "Three"))
    merge = each_engine.merge(each_engine.plan_merge(a, [b], choices={"last_name": b}))
    each_engine.merge(each_engine.plan_merge(a, [c]))
    each_engine.unmerge(merge.id)
    held = each_engine.access(a)
    assert [m["loser_ids"] for m in held["documents"]["merge"]] == [["another person"], [c]]
    text = json.dumps(held)
    assert b not in text
    assert "Two" not in text
    assert "Three" in text


def test_each_request_is_in_the_feed_without_values(each_engine: Engine) -> None:
    a, b = (each_engine.create(ANA).id for _ in range(2))
    each_engine.merge(each_engine.plan_merge(a, [b]))
    with each_engine.acting(P1):
        each_engine.access(b)
    event = each_engine.changes().items[-1]
    assert (event.type, event.profile_id, event.actor) == ("profile.accessed", a, "desk-1")
    assert (event.fields, event.subject, event.related) == ((), None, ())
    seen = len(each_engine.changes().items)
    with pytest.raises(NotFound):
        each_engine.access("nobody")
    accessing.held(each_engine._kernel, a)
    assert len(each_engine.changes().items) == seen


def test_a_request_inside_a_transaction_is_part_of_it(each_engine: Engine) -> None:
    class Stopped(Exception):
        pass

    def ask() -> None:
        with each_engine.transaction():
            a = each_engine.create(ANA)
            assert each_engine.access(a.id)["profile"]["first_name"] == "Ana"
            raise Stopped

    with pytest.raises(Stopped):
        ask()
    assert each_engine.changes().items == ()


def test_what_only_one_property_may_see_of_a_merged_record_is_its_own(engine: Engine) -> None:
    with engine.acting(P1):
        a = engine.create(ANA | {"shared_level": "property"})
        b = engine.create({"last_name": "Secret", "shared_level": "property"})
    engine.merge(engine.plan_merge(a.id, [b.id], choices={"last_name": a.id}))
    engine.update(a.id, {"shared_level": "chain"})
    for actor, names in ((P1, ["Secret"]), (P2, [])):
        with engine.acting(actor):
            assert [p["last_name"] for p in engine.access(a.id)["merged_profiles"]] == names


def test_documents_of_kinds_that_nobody_knows_are_in_it(engine: Engine) -> None:
    a = engine.create(ANA)
    body = msgspec.json.encode({"points": 7})
    with engine.store.write() as writer:
        writer.put(Document("alien", "X", a.id, 1, body), expect=0)
    assert engine.access(a.id)["documents"] == {"alien": [{"points": 7}]}
    engine.clear(a.id)
    assert engine.access(a.id)["documents"] == {}


def test_the_consents_that_hold_now_are_told_apart(engine: Engine, clock: Clock) -> None:
    until = (START + timedelta(days=2)).isoformat()
    a = engine.create(
        ANA
        | {
            "consents": [
                {"purpose": "news", "status": "granted", "channel": "email"},
                {"purpose": "offers", "status": "granted", "expires_at": until},
            ]
        }
    )
    clock.move(days=1)
    engine.update(
        a.id, {"consents": [{"purpose": "news", "status": "revoked", "channel": "email"}]}
    )
    assert [(c["purpose"], c["status"]) for c in engine.access(a.id)["consents"]] == [
        ("news", "revoked"),
        ("offers", "granted"),
    ]
    clock.move(days=2)
    assert [c["purpose"] for c in engine.access(a.id)["consents"]] == ["news"]
    assert len(engine.access(a.id)["profile"]["consents"]) == 3


class Host:
    """Keeps stays and addresses of its own."""

    name = "host"

    def __init__(self) -> None:
        self.fails = False

    @hookimpl
    def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
        register(self.stays)

    def stays(self, profile_ids: Any) -> Any:
        yield Stay(id="own", profile_id=profile_ids[0], property_id="P9", companions=("x", "y"))
        if self.fails:
            raise OSError("ana@example.org")

    @hookimpl
    def profilecore_register_elsewhere(self, register: Callable[[Any], None]) -> None:
        register(self)

    def export(self, profile_ids: Any) -> Any:
        if self.fails:
            raise OSError("ana@example.org")
        return {"letters": list(profile_ids)}

    def erase(self, profile_ids: Any) -> int:
        return 0


class Nowhere(Host):
    """Holds nothing of anybody."""

    def export(self, profile_ids: Any) -> Any:
        return []


def test_who_holds_nothing_elsewhere_is_left_out() -> None:
    engine = open_engine(plugins=[Nowhere()])
    assert engine.access(engine.create(ANA).id)["elsewhere"] == {}


def test_what_is_held_elsewhere_is_in_it_and_a_failure_is_said_plainly() -> None:
    host = Host()
    engine = open_engine(plugins=[host])
    a = engine.create(ANA)
    held = engine.access(a.id)
    assert held["elsewhere"] == {"host": {"letters": [a.id]}}
    assert [(s["property_id"], s["companions"]) for s in held["documents"]["stay"]] == [("P9", 2)]
    assert held["incomplete"] == []
    host.fails = True
    held = engine.access(a.id)
    assert held["elsewhere"] == {"host": {"error": "plugin 'host' failed (OSError)"}}
    assert held["documents"] == {}
    assert held["incomplete"] == [
        "a source of stays failed (OSError)",
        "plugin 'host' failed (OSError)",
    ]


def test_a_plugin_that_gives_what_is_no_json_has_failed() -> None:
    host = Host()
    host.export = lambda ids: {"x": object()}  # type: ignore[method-assign]
    engine = open_engine(plugins=[host])
    held = engine.access(engine.create(ANA).id)
    assert held["incomplete"] == ["plugin 'host' failed (TypeError)"]


def test_a_plugin_that_is_not_loaded_makes_the_answer_incomplete() -> None:
    class Broken:
        name = "broken"

        @hookimpl
        def profilecore_register_elsewhere(self, register: Callable[[Any], None]) -> None:
            raise OSError

    engine = open_engine(plugins=[Broken()])
    held = engine.access(engine.create(ANA).id)
    assert held["incomplete"] == ["plugin 'broken' is not loaded"]


def test_a_property_is_given_only_what_it_may_see(engine: Engine) -> None:
    a = engine.create(ANA | {"notes": [{"text": "secret", "property_id": "P1"}]})
    engine.place_hold(a.id, kind="open-bill", property_id="P1", ref="secret")
    engine.attach(a.id, "secret.png", PNG, property_id="P1")
    with engine.acting(P2):
        assert "secret" not in json.dumps(engine.access(a.id))
    with engine.acting(P1):
        assert json.dumps(engine.access(a.id)).count("secret") == 3


def test_of_a_cleared_person_only_the_tombstone_is_held(engine: Engine) -> None:
    a = engine.create(ANA)
    engine.clear(a.id)
    held = engine.access(a.id)
    assert held["profile"]["state"] == "cleared"
    assert "García" not in json.dumps(held, ensure_ascii=False)
