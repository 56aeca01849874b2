"""Third parties are left out by what the classes declare, however deep they stand."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from profilecore.model import Other, item, part
from profilecore.model.parts import Note, Stamp
from profilecore.rules.redacting import redacted


@part
class Seat:
    number: int = item(0)
    beside: str | None = item(third_party=Other.PERSON)


@part
class Table:
    seats: tuple[Seat, ...] = item(())
    by_name: dict[str, Seat] = item(None)
    first: Seat | None = item()
    guests: tuple[str, ...] = item((), third_party=Other.PERSON)
    laid: Stamp | None = item()
    loose: Any = item()


SEAT = {"number": 1, "beside": "Bea"}
LEFT = {"number": 1, "beside": "another person"}


@pytest.mark.parametrize(
    ("held", "left"),
    [
        ({"seats": [SEAT, SEAT]}, {"seats": [LEFT, LEFT]}),
        ({"by_name": {"Bea": SEAT}}, {"by_name": {"Bea": LEFT}}),
        ({"first": SEAT}, {"first": LEFT}),
        ({"first": None, "guests": None}, {"first": None, "guests": None}),
        ({"guests": ["Bea", "Zoe"]}, {"guests": 2}),
        ({"laid": {"at": "x", "actor": "Zoe"}}, {"laid": {"at": "x", "actor": "staff"}}),
        ({"laid": {"at": "x", "actor": "chain"}}, {"laid": {"at": "x", "actor": "chain"}}),
        ({"loose": SEAT, "unknown": SEAT}, {"loose": SEAT, "unknown": SEAT}),
        ({"seats": 7, "by_name": 7, "first": 7}, {"seats": 7, "by_name": 7, "first": 7}),
    ],
)
def test_what_is_declared_is_left_out(held: Any, left: Any) -> None:
    assert redacted(Table, held) == left


def test_the_given_tree_is_not_touched() -> None:
    held = {"text": "x", "by": "Zoe"}
    assert redacted(Note, held) == {"text": "x", "by": "staff"}
    assert held["by"] == "Zoe"


def test_a_class_whose_annotations_cannot_be_read_is_redacted_by_its_declarations() -> None:
    @attrs.frozen
    class Local:
        seat: Unheard | None = None  # type: ignore[name-defined]  # noqa: F821
        seller: str | None = item(third_party=Other.STAFF)

    assert redacted(Local, {"seat": 1, "seller": "Zoe"}) == {"seat": 1, "seller": "staff"}


@pytest.mark.parametrize("tree", [None, 7, "text", [SEAT]])
def test_what_is_no_value_of_the_class_stays(tree: Any) -> None:
    assert redacted(Table, tree) == tree
    assert redacted(dict, SEAT) == SEAT
