"""What a property sees of the files, answers and stays of others: nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from exports_kit import (
    ARRIVAL,
    BOOKED,
    CONFIG,
    DEPARTURE,
    EVENING,
    HANS,
    LUCIA,
    POSTCODES,
    P,
    World,
)

from profilecore import Actor, NotFound
from profilecore_exports import ExportRefused, Run, export, read_answer, record_details
from profilecore_exports.details import set_companions

OTHER = Actor("desk-2", property_id="P2")
TAKEN = b"<EntregaBoletinsAlojamentoResult>0</EntregaBoletinsAlojamentoResult>"
SPAIN = "es.ses-hospedajes"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Two properties in Portugal and in Spain."""
    config = {}
    for plugin in ("exports-pt", "exports-es"):
        houses = CONFIG[plugin]["properties"]
        config[plugin] = {"properties": {P: houses[P], "P2": houses[P]}}
    made = make_world(**config)
    made.load("es.codigos-postales", POSTCODES)
    return made


def run_of_the_other(world: World, name: str) -> Run:
    world.stay(world.guest(LUCIA), property_id="P2", details=BOOKED)
    form = world.format(name)
    return export(world.engine, form, "P2", ARRIVAL, DEPARTURE, world.folder, now=EVENING)


def test_files_of_another_property_neither_show_nor_stand_in_the_way(world: World) -> None:
    form = world.format("pt.siba")
    for _ in range(2):
        world.stay(world.guest(HANS))
        world.export("pt.siba")
    with world.engine.acting(OTHER):
        with pytest.raises(ExportRefused) as refused:
            read_answer(world.engine, form, TAKEN)
        assert refused.value.reason == "unknown-file"
        run = run_of_the_other(world, "pt.siba")
        answered = read_answer(world.engine, form, TAKEN)
    assert answered.files == tuple(file.name for file in run.files)
    assert [judged.accepted for judged in answered.judged] == [True]


def test_a_file_of_another_property_is_not_there_to_be_named(world: World) -> None:
    world.stay(world.guest(HANS))
    name = world.export("pt.siba").files[0].name
    with world.engine.acting(OTHER), pytest.raises(ExportRefused) as refused:
        read_answer(world.engine, world.format("pt.siba"), TAKEN, file=name)
    assert refused.value.reason == "unknown-file"
    assert P not in str(refused.value)


def test_the_answer_to_another_propertys_lot_is_not_taken_for_ones_own(world: World) -> None:
    form = world.format(SPAIN)
    world.stay(world.guest(LUCIA), details=BOOKED)
    world.export(SPAIN)
    lot = b"<respuesta><codigo>0</codigo><lote>L1</lote></respuesta>"
    read_answer(world.engine, form, lot)
    done = b"<r><resultado><lote>L1</lote><codigoEstado>1</codigoEstado></resultado></r>"
    with world.engine.acting(OTHER):
        run_of_the_other(world, SPAIN)
        with pytest.raises(ExportRefused):
            read_answer(world.engine, form, done)
    assert len(read_answer(world.engine, form, done).judged) == 1


def test_another_propertys_stay_is_not_there_to_be_noted(world: World) -> None:
    stay = world.stay(world.guest(HANS), details={"payment_holder": "Hans Muster"})
    with world.engine.acting(OTHER):
        for given in ({}, {"rooms": 3}):
            with pytest.raises(NotFound):
                record_details(world.engine, stay.id, given)
        with pytest.raises(NotFound):
            record_details(world.engine, stay, {})
        with pytest.raises(NotFound):
            set_companions(world.engine, stay.id, [])
    with world.engine.acting(Actor("desk-1", property_id=P)):
        assert record_details(world.engine, stay.id, {"rooms": 3}).rooms == 3
