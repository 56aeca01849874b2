"""Everything held about a person, for the person."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from kit import P1, P2, PNG, START, Clock, open_engine

from profilecore import Engine, Stay, hookimpl
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
    assert held["documents"].keys() == {"file", "hold", "stay", "merge"}
    assert held["documents"]["hold"][0]["ref"] == "bill 17"
    assert held["documents"]["stay"][0]["reference"] == "ref 9"
    assert json.loads(json.dumps(held)) == held


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
        register(lambda ids: [Stay(id="own", profile_id=ids[0], property_id="P9")])

    @hookimpl
    def profilecore_register_elsewhere(self, register: Callable[[Any], None]) -> None:
        register(self)

    def export(self, profile_ids: Any) -> Any:
        if self.fails:
            raise OSError("ana@example.org")
        return {"letters": list(profile_ids)}

    def erase(self, profile_ids: Any) -> int:
        return 0


def test_what_is_held_elsewhere_is_in_it_and_a_failure_is_said_plainly() -> None:
    host = Host()
    engine = open_engine(plugins=[host])
    a = engine.create(ANA)
    held = engine.access(a.id)
    assert held["elsewhere"] == {"host": {"letters": [a.id]}}
    assert [s["property_id"] for s in held["documents"]["stay"]] == ["P9"]
    host.fails = True
    failed = engine.access(a.id)["elsewhere"]["host"]
    assert set(failed) == {"error"}
    assert "example.org" not in failed["error"]


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
