"""What many documents hold is added up from pages in their order, where it may be."""

from __future__ import annotations

import pytest
from kit import open_engine

from profilecore import Engine, NotFound
from profilecore.codec import Columns
from profilecore.engine import adding, extracting


class Names:
    """Joins names in their order.  Of a test, so another process cannot import it."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, source: int, page: Columns) -> None:
        self.found += [f"{source}{name}" for name in page[0]]

    def result(self) -> bytes:
        return " ".join(self.found).encode()


class Fails(Names):
    def add(self, source: int, page: Columns) -> None:
        raise ArithmeticError


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(adding, "ALONE", 0)
    monkeypatch.setattr(extracting, "IN_COLUMNS", 2)
    engine = open_engine()
    for name in "abcde":
        id = engine.create({"last_name": name}).id
        engine.record_stay(id, {"property_id": "P1", "source": name.upper()})
    return engine


@pytest.mark.parametrize("workers", [0, 1])
def test_sources_come_one_after_the_other_even_if_no_other_process_can(
    engine: Engine, workers: int
) -> None:
    told: list[tuple[int, int]] = []
    made = engine.add_up(
        Names(),
        [("stay", ["source"]), ("profile", ["last_name"])],
        watch=lambda *how: told.append(how),
        workers=workers,
    )
    assert made == b"0A 0B 0C 0D 0E 1a 1b 1c 1d 1e"
    assert told[-3:] == [(1, 2), (1, 4), (1, 5)]


def test_what_goes_wrong_is_seen_as_it_is(engine: Engine) -> None:
    with pytest.raises(ArithmeticError):
        engine.add_up(Fails(), [("profile", ["last_name"])], workers=1)
    with pytest.raises(NotFound):
        engine.add_up(Names(), [("dream", ["last_name"])])
