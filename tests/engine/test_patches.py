"""Collections patched item by item: what is kept of an item, and what is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest
from kit import START, Clock, open_engine

from profilecore import Engine, InvalidProfile
from profilecore.model import Sensitivity
from profilecore.model.fields import Clear, Search, field, record

ANA = {"first_name": "Ana", "last_name": "García"}
MAIL = {"value": "a@example.org", "type": "home", "primary": True, "verified_at": START}
HOME = {
    "line1": "Calle Mayor 5", "city": "Madrid", "postal_code": "28001", "country": "ES",
    "validated": True, "latitude": 40.4, "longitude": -3.7,
}  # fmt: skip


def only(engine: Engine, id: str, name: str) -> Any:
    (item,) = getattr(engine.get(id), name)
    return item


def test_what_was_checked_of_a_value_does_not_hold_of_another(engine: Engine) -> None:
    passport = {"type": "passport", "country": "ES", "number": "A1", "verified": True}
    id = engine.create(ANA | {"emails": [MAIL], "addresses": [HOME], "documents": [passport]}).id
    (address,) = engine.get(id).addresses
    engine.update(id, {
        "emails": {"change": {"a@example.org": {"value": "b@example.org"}}},
        "addresses": {"change": {address.key: {"city": "Toledo"}}},
        "documents": {"change": {"passport:ES:a1": {"number": "B2"}}},
    })  # fmt: skip
    mail, home, paper = (only(engine, id, n) for n in ("emails", "addresses", "documents"))
    assert (mail.value, mail.type.value, mail.verified_at) == ("b@example.org", "home", None)
    assert (home.city, home.validated, home.latitude) == ("Toledo", False, None)
    assert (paper.number, paper.verified) == ("B2", False)


def test_a_change_of_something_else_leaves_an_item_checked(engine: Engine) -> None:
    id = engine.create(ANA | {"emails": [MAIL]}).id
    engine.update(id, {"emails": {"change": {"a@example.org": {"type": "business"}}}})
    assert only(engine, id, "emails").verified_at == START
    other = {"value": "b@example.org", "verified_at": START + timedelta(days=1)}
    engine.update(id, {"emails": {"change": {"a@example.org": other}}})
    assert only(engine, id, "emails").verified_at == START + timedelta(days=1)


def test_an_item_added_again_keeps_what_is_not_told(engine: Engine) -> None:
    id = engine.create(ANA | {"emails": [MAIL]}).id
    engine.update(id, {"emails": {"add": ["a@example.org"]}})
    mail = only(engine, id, "emails")
    assert (mail.type.value, mail.primary, mail.verified_at) == ("home", True, START)
    engine.update(id, {"emails": {"add": [{"value": "a@example.org", "type": "business"}]}})
    assert only(engine, id, "emails").type.value == "business"


@pytest.mark.parametrize("first", ["a@example.org", "b@example.org"])
def test_an_item_that_becomes_another_unites_with_it(engine: Engine, first: str) -> None:
    other = {"value": "b@example.org", "type": "business"}
    mails = sorted([MAIL, other], key=lambda mail: mail["value"] != first)
    id = engine.create(ANA | {"emails": mails}).id
    engine.update(id, {"emails": {"change": {"a@example.org": {"value": "b@example.org"}}}})
    mail = only(engine, id, "emails")
    assert (mail.value, mail.type.value, mail.primary) == ("b@example.org", "home", True)


def test_notes_that_say_something_else_are_all_kept(engine: Engine) -> None:
    notes: list[Any] = ["🎂", "🚭", "!!!", "+1 guest", "-1 guest"]
    notes += [{"text": "late check-out", "at": START - timedelta(days=n)} for n in (400, 30)]
    id = engine.create(ANA | {"notes": [*notes, "🎂"]}).id
    assert len(engine.get(id).notes) == 7


def test_streets_of_one_name_in_two_states_and_papers_without_numbers_are_two(
    engine: Engine,
) -> None:
    street = {"line1": "1 Main St", "city": "Springfield", "country": "US"}
    id = engine.create(ANA | {
        "addresses": [street | {"subdivision": state} for state in ("US-IL", "US-MA")],
        "documents": [{"type": "passport", "country": "ES", "expires_on": f"{year}-01-01"}
                      for year in (2020, 2030)],
    }).id  # fmt: skip
    kept = engine.get(id)
    assert (len(kept.addresses), len(kept.documents)) == (2, 2)


def test_a_consent_cannot_outlive_what_is_said_later(engine: Engine) -> None:
    ahead = {"purpose": "news", "status": "granted", "at": START + timedelta(days=400)}
    with pytest.raises(InvalidProfile, match="/consents/0/at: must not lie ahead"):
        engine.create(ANA | {"consents": [ahead]})
    id = engine.create(ANA).id
    with pytest.raises(InvalidProfile, match="/consents/add/0/at: must not lie ahead"):
        engine.update(id, {"consents": {"add": [ahead]}})


@record
class Car:
    plate: str = field(
        default=attrs.NOTHING,
        merge="best", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE,
    )  # fmt: skip


def test_a_facet_that_lacks_something_is_a_fault_of_its_row_alone() -> None:
    from profilecore import hookimpl

    class Cars:
        @hookimpl
        def profilecore_register_facets(self, register: Any) -> None:
            register("car", Car)

    engine = open_engine(clock=Clock(), plugins=[Cars()])
    lacking = ANA | {"facets": {"car": {}}}
    with pytest.raises(InvalidProfile, match="/facets/car/plate: is required"):
        engine.create(lacking)
    wrong = [lacking, ANA | {"facets": {"x": {1: 2}}}]
    good = ANA | {"facets": {"car": {"plate": "X1"}}}
    report = engine.load([*wrong, good], source="pms", workers=0)
    assert (report.created, report.rejected) == (1, 2)


def test_a_number_is_read_by_the_country_that_is_known_of_the_guest(engine: Engine) -> None:
    id = engine.create(ANA | {"nationalities": ["ES"], "phones": ["600111222"]}).id
    engine.update(id, {"phones": {"add": ["600111333"]}})
    assert [phone.value for phone in engine.get(id).phones] == ["+34600111222", "+34600111333"]
