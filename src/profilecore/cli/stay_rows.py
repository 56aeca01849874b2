"""Rows of stays: which column is what, whose stay it is, and recording them in batches."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from profilecore.cli import words
from profilecore.cli.columns import CELLS, FAULT, PROBLEMS, ROW, twice
from profilecore.cli.targets import fold_column
from profilecore.engine import Engine
from profilecore.engine.loading import LoadReport, Reject
from profilecore.errors import InvalidProfile, Problem, ProfilecoreError, StoreError
from profilecore.model.fields import evolve

BATCH = 500
_EXTERNAL_ID, _COMPANIONS = "external_id", "companions"
_BETWEEN_IDS = re.compile(r"[;,|]")
_FIELDS = {
    _EXTERNAL_ID: "externalid guestid customerid clientid id",
    "property_id": "property propertyid hotel house",
    "arrival": "arrival checkin arrivaldate from",
    "departure": "departure checkout departuredate until",
    "nights": "nights",
    "status": "status",
    "channel": "channel",
    "source": "source",
    "reference": "reference ref bookingnumber confirmation",
    "adults": "adults",
    "children": "children",
    "unit": "unit room",
    _COMPANIONS: "companions companionids sharers accompanying",
    "revenue": "revenue",
    "currency": "currency",
}
_BY_COLUMN = {name: field for field, names in _FIELDS.items() for name in names.split()}
_WEAKEST = "id"  # of the guest where no other column is, else most likely of the booking
_OWN = frozenset({ROW, PROBLEMS, CELLS, FAULT})
_WHOLE = frozenset({"nights", "adults", "children", "revenue"})


def known_fields() -> tuple[str, ...]:
    """Give what the columns of stays hold, each as its column is commonly named."""
    return tuple("property" if field == "property_id" else field for field in _FIELDS)


def parse(text: str) -> str:
    """Read where a column of stays goes.

    :raises ValueError: unless it is a field of a stay, or ``external_id``.
    """
    if text in _FIELDS:
        return text
    found = _BY_COLUMN.get(fold_column(text))
    if found is None:
        raise ValueError(f"{text} is no field of a stay")
    return found


@attrs.frozen
class StayMap:
    """Turns a row into the stay and whose it is.

    ``system`` is the source that gave the external ids; without it each row names its own in
    its ``source`` column.  ``given`` holds what the user mapped, which takes the place of what
    columns say by their names, and for a table what each of its columns goes to.
    """

    given: Mapping[str, str | None]
    system: str | None = None
    _asked: frozenset[str] = frozenset()

    @classmethod
    def plan(
        cls, columns: Sequence[str], given: Mapping[str, str | None], system: str | None
    ) -> StayMap:
        """Plan the columns of a table; JSON rows (no columns) are planned as they come.

        Of two columns for one field the first goes there.

        :raises ValueError: if the person, the property or the source cannot be told.
        """
        if not columns:
            return cls(given, system, frozenset(given))
        strange = [column for column in given if column not in columns]
        if strange:
            raise ValueError(f"there is no column {strange[0]}; there are {', '.join(columns)}")
        planned = {**dict.fromkeys(columns), **given}
        taken = set(given.values())
        for column in sorted(columns, key=lambda c: fold_column(c) == _WEAKEST):
            field = _BY_COLUMN.get(fold_column(column))
            if column not in given and field not in taken:
                planned[column] = field
                taken.add(field)
        for needed in (_EXTERNAL_ID, "property_id", "reference"):
            if needed not in planned.values():
                raise ValueError(f"No column holds the {needed}; add --map COLUMN={needed}.")
        if system is None and "source" not in planned.values():
            raise ValueError("Say which source system the ids are of: --source NAME.")
        return cls(planned, system, frozenset(given))

    def unmapped(self, columns: Iterable[str]) -> Iterator[str]:
        """Yield the columns that go nowhere although nobody asked to leave them out."""
        for column in columns:
            if column not in self._asked and column not in _OWN and self._of(column) is None:
                yield column

    def __call__(self, row: Mapping[str, Any]) -> tuple[tuple[str, str], dict[str, Any]]:
        """Give the external id and the values of the stay.

        :raises InvalidProfile: with every problem of the cells.
        """
        if FAULT in row:
            raise InvalidProfile([Problem("/", "unreadable-row", row[FAULT])])
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        told: dict[str, str] = {}
        for column, cell in row.items():
            field = self._of(column)
            if field is None or cell is None or cell == "":
                continue
            try:
                value = _cell(field, cell)
            except ValueError as error:
                problems.append(Problem(f"/{field}", "invalid-value", str(error)))
                continue
            if str(values.setdefault(field, value)) != str(value):
                problems.append(twice(field, (told[field], column)))
            told.setdefault(field, column)
        system = self.system or values.get("source")
        external = values.pop(_EXTERNAL_ID, None)
        if external is None:
            problems.append(Problem(f"/{_EXTERNAL_ID}", "missing", "is required"))
        if "reference" not in values:
            # Without it the same stay could not be told from another when it comes again.
            problems.append(Problem("/reference", "missing", "is required"))
        if system is None:
            problems.append(Problem("/source", "missing", "is required without --source"))
        elif ":" in system:
            problems.append(Problem("/source", "invalid-value", "must have no colon"))
        if problems:
            raise InvalidProfile(problems)
        return (str(system), str(external)), values

    def _of(self, column: str) -> str | None:
        if column in self.given:
            return self.given[column]
        field = None if column in _OWN else _BY_COLUMN.get(fold_column(column))
        return None if field in self.given.values() else field


def _cell(field: str, cell: Any) -> Any:
    if field == _COMPANIONS:
        return _ids(cell)
    if isinstance(cell, list | dict):
        raise ValueError("must be no list and no object")
    if not isinstance(cell, str):
        return cell if field in _WHOLE else str(cell)
    if field in ("arrival", "departure"):
        return words.day(cell)
    return cell.strip()


def _ids(cell: Any) -> list[str]:
    """Give the external ids of a cell, in which semicolons, commas or bars part them."""
    if isinstance(cell, str):
        cell = _BETWEEN_IDS.split(cell)
    if not isinstance(cell, list) or not all(isinstance(id, str | int) for id in cell):
        raise ValueError("must be external ids, with ; between them")
    return [text for text in (str(id).strip() for id in cell) if text]


def load(
    engine: Engine,
    rows: Iterable[Mapping[str, Any]],
    stay_map: StayMap,
    on_reject: Callable[[Reject], None],
    on_progress: Callable[[LoadReport], None],
) -> LoadReport:
    """Record stays, a batch in each transaction.

    The same property and reference is one stay, so a file may be imported again, and an
    interrupted import simply from its beginning.
    """
    report = LoadReport()
    numbered = enumerate(rows, 1)
    while batch := list(itertools.islice(numbered, BATCH)):
        counts = {"created": 0, "updated": 0, "unchanged": 0, "rejected": 0}
        with engine.transaction():
            for reject_or_outcome in _record(engine, batch, stay_map):
                if isinstance(reject_or_outcome, Reject):
                    counts["rejected"] += 1
                    on_reject(reject_or_outcome)
                else:
                    counts[reject_or_outcome] += 1
        report = evolve(
            report, **{name: getattr(report, name) + count for name, count in counts.items()}
        )
        on_progress(report)
    return report


def _record(
    engine: Engine, batch: Iterable[tuple[int, Mapping[str, Any]]], stay_map: StayMap
) -> Iterator[str | Reject]:
    for number, row in batch:
        try:
            yield _record_one(engine, *stay_map(row))
        except InvalidProfile as error:
            yield Reject(number, row, error.problems)
        except StoreError:
            raise  # it says nothing of the row
        except ProfilecoreError as error:
            yield Reject(number, row, (Problem("/", error.code, str(error)),))


def _record_one(engine: Engine, external: tuple[str, str], values: dict[str, Any]) -> str:
    person = _guest(engine, external, _EXTERNAL_ID)
    if _COMPANIONS in values:
        found = (_companion(engine, (external[0], id)) for id in values[_COMPANIONS])
        others = dict.fromkeys(other for other in found if other not in (None, person))
        values = values | {_COMPANIONS: list(others)}
    before = {stay.id: stay for stay in engine.stays(person)}
    made = engine.record_stay(person, values)
    old = before.get(made.id)
    if old is None:
        return "created" if made.version == 1 else "updated"
    return "unchanged" if old.version == made.version else "updated"


def _companion(engine: Engine, external: tuple[str, str]) -> str | None:
    """Give the id of a companion; ``None`` of one who was cleared, whatever the source says."""
    try:
        return _guest(engine, external, _COMPANIONS)
    except InvalidProfile:
        if engine.look_up([("external", ":".join(external))], at_most=1):
            return None
        raise


def _guest(engine: Engine, external: tuple[str, str], field: str) -> str:
    """Give the id of the guest whom a source knows by an id."""
    found = engine.search(external_id=external, limit=1).items
    if not found:
        what = (
            "is no guest of this source" if field == _EXTERNAL_ID else "has no guest of this source"
        )
        raise InvalidProfile([Problem(f"/{field}", "unknown-guest", what)])
    return found[0].id
