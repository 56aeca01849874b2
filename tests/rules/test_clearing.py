"""What clearing leaves of a record, and what its plan says."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from kit import P1, P2, examples, profiles

from profilecore import Blocker, Hold, Profile, Stay
from profilecore.model import Document, DocumentKind, OnClear
from profilecore.model.fields import Clear, cleared, rules_of
from profilecore.rules.clearing import blockers_for, hold_blockers, plan_clear
from profilecore.rules.survivorship import is_empty

KINDS = {
    "stay": DocumentKind("stay", Stay, OnClear.FIELDS),
    "hold": DocumentKind("hold", Hold, OnClear.ERASE),
    "receipt": DocumentKind("receipt", Hold, OnClear.KEEP),
}


@given(profiles())
@examples(40)
def test_cleared_leaves_only_what_the_rules_keep(profile: Profile) -> None:
    left, blank = cleared(profile), Profile()
    for name, rule in rules_of(Profile).items():
        kept = rule.clear is Clear.KEEP
        assert getattr(left, name) == getattr(profile if kept else blank, name), name


@given(profiles())
@examples(20)
def test_clearing_twice_changes_nothing(profile: Profile) -> None:
    assert cleared(cleared(profile)) == cleared(profile)


@given(profiles())
@examples(40)
def test_the_plan_covers_every_field_that_holds_something(profile: Profile) -> None:
    plan = plan_clear([profile], (), KINDS, ())
    goes = {
        name
        for name, rule in rules_of(Profile).items()
        if rule.clear is not Clear.KEEP and not is_empty(getattr(profile, name))
    }
    assert set(plan.fields) == goes - {"provenance"}


def test_a_cleared_stay_keeps_months_and_numbers_only() -> None:
    from datetime import date

    stay = Stay(
        id="S",
        property_id="P1",
        arrival=date(2026, 3, 17),
        departure=date(2026, 4, 2),
        nights=16,
        reference="guest-made",
        unit="12",
        companions=("B",),
    )
    left = cleared(stay)
    assert (left.arrival, left.departure) == (date(2026, 3, 1), date(2026, 4, 1))
    assert (left.nights, left.property_id) == (16, "P1")
    assert (left.reference, left.unit, left.companions) == (None, None, ())


def test_documents_go_as_their_kind_says_and_unknown_kinds_go_whole() -> None:
    documents = [Document(kind, kind, "A", 1, b"") for kind in ("stay", "hold", "receipt", "alien")]
    plan = plan_clear([Profile(id="A")], documents, KINDS, ())
    assert {f.kind: f.on_clear for f in plan.documents} == {
        "stay": OnClear.FIELDS,
        "hold": OnClear.ERASE,
        "receipt": OnClear.KEEP,
        "alien": OnClear.ERASE,
    }
    assert plan.counts == {"hold": 1, "alien": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: attrs.evolve(d, version=2),
        lambda d: attrs.evolve(d, id="other"),
        lambda d: attrs.evolve(d, kind="stay"),
    ],
)
def test_the_fingerprint_changes_with_any_document(change: object) -> None:
    document = Document("hold", "H", "A", 1, b"")
    one = plan_clear([Profile(id="A")], [document], KINDS, ())
    other = plan_clear([Profile(id="A")], [change(document)], KINDS, ())  # type: ignore[operator]
    assert one.fingerprint != other.fingerprint


def test_the_fingerprint_changes_with_any_member_of_the_family() -> None:
    family = [Profile(id="A", version=2), Profile(id="B", version=1)]
    later = [family[0], attrs.evolve(family[1], version=2)]
    assert (
        plan_clear(family, (), KINDS, ()).fingerprint
        != plan_clear(later, (), KINDS, ()).fingerprint
    )


# ---- blockers


def hold(property_id: str | None, **more: object) -> Hold:
    return Hold(id="H", profile_id="A", kind="open-bill", property_id=property_id, **more)  # type: ignore[arg-type]


def test_a_property_knows_of_others_only_that_something_blocks() -> None:
    blockers = hold_blockers([hold("P1", ref="one"), hold("P1", ref="two"), hold("P2", ref="own")])
    seen = blockers_for(blockers, P2)
    assert [(b.code, b.property_id, b.ref) for b in seen] == [
        ("other-property", None, None),
        ("open-bill", "P2", "own"),
    ]


def test_the_chain_and_the_own_property_see_details() -> None:
    blockers = hold_blockers([hold("P1", ref="one"), hold(None, ref="chain")])
    assert [b.ref for b in blockers_for(blockers, P1)] == ["one", "chain"]
    assert [b.ref for b in blockers_for(blockers, P2)] == [None, "chain"]


def test_a_released_hold_blocks_nothing() -> None:
    from kit import START

    from profilecore.model import Stamp

    assert hold_blockers([hold("P1", released=Stamp(START))]) == []


def test_a_blocker_shows_no_reference_in_its_repr() -> None:
    assert "marker" not in repr(Blocker("open-bill", "A hold is open.", ref="marker"))
