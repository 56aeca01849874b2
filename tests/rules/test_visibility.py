"""What a property sees of another: nothing."""

from __future__ import annotations

import pytest
from kit import P1, P2

from profilecore import Actor, Consent, Note, Profile
from profilecore.model import ConsentStatus, Preference, Restriction, RestrictionKind, SharedLevel
from profilecore.rules.visibility import (
    CHAIN,
    hidden_items,
    may_see,
    may_see_profile,
    seen_by,
)

ITEMS = {
    "preferences": Preference("room", "floor", property_id="P1"),
    "restrictions": Restriction(RestrictionKind.BLOCKLIST, property_id="P1"),
    "notes": Note("text", property_id="P1"),
    "consents": Consent("news", ConsentStatus.GRANTED, property_id="P1"),
}


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_of_a_property_exists_for_it_and_for_the_chain_only(name: str) -> None:
    profile = Profile(last_name="x", **{name: (ITEMS[name],)})
    assert getattr(seen_by(profile, P1), name) == (ITEMS[name],)
    assert getattr(seen_by(profile, CHAIN), name) == (ITEMS[name],)
    assert getattr(seen_by(profile, P2), name) == ()
    assert hidden_items(profile, name, P2) == (ITEMS[name],)
    assert hidden_items(profile, name, P1) == hidden_items(profile, name, CHAIN) == ()


def test_an_item_of_the_chain_exists_for_everybody() -> None:
    profile = Profile(last_name="x", notes=(Note("text"),))
    assert seen_by(profile, P2) is profile


def test_a_field_without_properties_hides_nothing() -> None:
    assert hidden_items(Profile(tags=("vip",)), "tags", P2) == ()


@pytest.mark.parametrize(
    ("level", "actor", "seen"),
    [
        (SharedLevel.CHAIN, P2, True),
        (SharedLevel.PROPERTY, P1, True),
        (SharedLevel.PROPERTY, CHAIN, True),
        (SharedLevel.PROPERTY, P2, False),
    ],
)
def test_a_private_profile_exists_for_its_property_and_the_chain(
    level: SharedLevel, actor: Actor, seen: bool
) -> None:
    assert may_see_profile(Profile(property_id="P1", shared_level=level), actor) is seen


@pytest.mark.parametrize(
    ("property_id", "actor", "seen"),
    [(None, P2, True), ("P1", P1, True), ("P1", CHAIN, True), ("P1", P2, False)],
)
def test_a_document_exists_for_its_property_and_the_chain(
    property_id: str | None, actor: Actor, seen: bool
) -> None:
    assert may_see(property_id, actor) is seen
