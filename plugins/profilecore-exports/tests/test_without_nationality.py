"""Stateless persons and refugees: by the code that a format has, or told that it has none."""

from __future__ import annotations

from typing import Any

import pytest
from exports_kit import BOOKED, HANS, TIMES, World

from profilecore import InvalidProfile

WAYS = [("stateless", b"XXA"), ("refugee", b"XXB"), ("other_refugee", b"XXC")]


def without(way: str) -> dict[str, Any]:
    return HANS | {"nationalities": [], "facets": {"registration": {"without_nationality": way}}}


@pytest.mark.parametrize(("way", "code"), WAYS)
@pytest.mark.parametrize(
    "name",
    ["de.meldeschein", "es.ses-hospedajes", "hr.evisitor", "pt.siba", "pt.siba-dat", "rs.eturista"],
)
def test_who_has_no_nationality_is_written_by_the_code_of_travel_documents(
    world: World, name: str, way: str, code: bytes
) -> None:
    world.stay(world.guest(without(way)), details=BOOKED | TIMES)
    (content,) = world.contents(world.export(name))
    assert code in content


@pytest.mark.parametrize("name", ["it.alloggiati", "it.ross1000"])
def test_italy_has_a_code_for_the_stateless_alone(world: World, name: str) -> None:
    world.stay(world.guest(without("stateless")))
    (content,) = world.contents(world.export(name))
    assert b"100000999" in content
    world.stay(world.guest(without("refugee")))
    assert world.codes(world.export(name))[0] == ["without-nationality"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("co.sire", "without-nationality"),
        ("cz.ubyport", "without-nationality"),
        ("cz.ubyport-ws", "without-nationality"),
        ("si.eturizem", "without-nationality"),
        ("tr.kbs", "country"),
    ],
)
def test_a_format_without_a_code_says_so(world: World, name: str, code: str) -> None:
    world.stay(world.guest(without("stateless")))
    run = world.export(name)
    assert (run.files, world.codes(run)[0]) == ((), [code])


def test_a_nationality_goes_before_having_none(world: World) -> None:
    world.stay(world.guest(without("refugee") | {"nationalities": ["SY"]}))
    assert b"<Nacionalidade>SYR</Nacionalidade>" in world.contents(world.export("pt.siba"))[0]


def test_nobody_is_without_a_nationality_in_another_way(world: World) -> None:
    with pytest.raises(InvalidProfile, match="without_nationality"):
        world.guest(without("nobody"))
