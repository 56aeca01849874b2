"""Which column of a file goes where, and how a row becomes the values of a profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from profilecore.cli import targets
from profilecore.cli.gathering import LIKELY_TYPE, Gathering
from profilecore.cli.targets import KINDS, SPECIAL, Target, of_column
from profilecore.errors import InvalidProfile, Problem
from profilecore.model.profile import ENGINE_FIELDS

# What a reader of files puts into a row that it could not take apart.
FAULT = "\0fault"
CELLS = "\0cells"
# The columns that a rejects file adds: a corrected one is imported again as it is.
ROW, PROBLEMS = "_row", "_problems"
_OWN = frozenset({ROW, PROBLEMS})


@attrs.frozen
class ColumnMap:
    """Turns a row of a file into the nested values of a profile.  Travels to worker processes.

    ``given`` holds what the user mapped (``None``: left out) and, for a table, what each of its
    columns goes to; a column that is not listed goes where its name says, unless what was mapped
    takes its place.
    """

    source: str
    region: str | None = None
    given: Mapping[str, Target | None] = attrs.field(factory=dict)
    _taken: frozenset[Target] = attrs.field(init=False, eq=False, repr=False)

    @_taken.default
    def _single(self) -> frozenset[Target]:
        return frozenset(target for target in self.given.values() if target and target.is_single)

    def target(self, column: str, value: Any = None) -> Target | None:
        """Give where the value of a column goes, or ``None`` if it goes nowhere."""
        if column in self.given:
            return self.given[column]
        target = of_column(column)
        is_flat = not isinstance(value, list | dict)  # one that is nested holds more than that one
        return None if is_flat and target in self._taken else target

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Give the values of a row.

        :raises InvalidProfile: with every problem of its cells.
        """
        if FAULT in row:
            raise InvalidProfile([Problem("/", "unreadable-row", row[FAULT])])
        gathering = Gathering(self.source, self.region, stable_notes=True)
        kept = self._kept_by_engine(row)
        ids = _OwnIds(self.source)
        for column, value in row.items():
            if column in _OWN or column in kept:
                continue
            target = self.target(column, value)
            if target is None:
                continue
            if target.field == "external_ids" and not ids.take(column, target, value):
                continue
            self._add(gathering, column, target, value)
        gathering.problems += ids.problems()
        return gathering.finish()

    def unmapped(self, row: Mapping[str, Any]) -> Iterator[str]:
        """Yield the columns of a row that go nowhere although nobody asked to leave them out."""
        kept = self._kept_by_engine(row)
        for column, value in row.items():
            if column in _OWN or column in (FAULT, CELLS):
                continue
            if column in kept or (column not in self.given and self.target(column, value) is None):
                yield column

    def _kept_by_engine(self, row: Mapping[str, Any]) -> frozenset[str]:
        """Give the keys of a profile that was written as JSON by this program."""
        if not row.keys() >= {"id", "version", "state"}:
            return frozenset()
        own = list(_of_source(row.get("external_ids"), self.source))
        return ENGINE_FIELDS if own else ENGINE_FIELDS - {"id"}

    def _add(self, gathering: Gathering, column: str, target: Target, value: Any) -> None:
        gathering.expect(target)
        if value is None or value == "":
            return
        if isinstance(value, list | dict):
            self._add_nested(gathering, column, target, value)
            return
        if target.field == "custom" and target.part and not isinstance(value, str):
            gathering.take("custom", {target.part: value})
            return
        text = value if isinstance(value, str) else _as_text(value)
        if not text.strip():
            return
        if target.field == "documents" and target.part is None:
            kind = "passport" if targets.fold_column(column) in targets.PASSPORT else None
            self._add_document(gathering, target, text, kind)
        else:
            gathering.add(target, text)

    def _add_nested(
        self, gathering: Gathering, column: str, target: Target, value: list[Any] | dict[str, Any]
    ) -> None:
        if target.part is None and target.field not in SPECIAL:
            gathering.take(target.field, value)
        elif KINDS.get(target.field) is dict:
            gathering.take(target.field, {target.part: value})
        elif isinstance(value, list) and not target.is_single:
            for item in value:
                self._add(gathering, column, target, item)
        else:
            gathering.refuse(target, "wrong-type", "must be text")

    def _add_document(
        self, gathering: Gathering, target: Target, text: str, kind: str | None
    ) -> None:
        if ":" in text:
            gathering.add(target, text)
            return
        gathering.add(attrs.evolve(target, part="number"), text)
        if kind is not None:
            gathering.add(attrs.evolve(target, part=LIKELY_TYPE), kind)


@attrs.define
class _OwnIds:
    """The ids that the columns of a row give in its own source: a row has one."""

    source: str
    _flat: dict[str, str] = attrs.field(factory=dict)
    _nested: dict[str, str] = attrs.field(factory=dict)

    def take(self, column: str, target: Target, value: Any) -> bool:
        """Note an external id; tell whether it is one that the row has not given yet."""
        if isinstance(value, list | dict):
            for one in _of_source(value, self.source):
                self._nested[str(one.get("value"))] = column
        elif value is not None and target.part in (None, self.source) and not target.index:
            text = _as_text(value).strip()
            return not text or self._flat.setdefault(text, column) == column
        return True

    def problems(self) -> list[Problem]:
        """Give what is wrong where two columns differ: another row may have either id."""
        columns = list(self._flat.values())
        if columns and not self._nested.keys() & self._flat.keys():
            columns += dict.fromkeys(self._nested.values())
        return [twice("external_ids", columns)] if len(columns) > 1 else []


def twice(field: str, columns: Iterable[str]) -> Problem:
    """Give the problem of a row of which several columns give one value differently."""
    told = f"is given twice, and differently, by {' and '.join(columns)}"
    return Problem(f"/{field}", "invalid-value", f"{told}; --map COLUMN= leaves one out")


def _of_source(given: Any, source: str) -> Iterator[Mapping[str, Any]]:
    """Yield the ids of a source among external ids in the form of the model."""
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, dict) and one.get("system") == source:
            yield one


def plan_columns(
    columns: Iterable[str], maps: Mapping[str, Target | None]
) -> dict[str, Target | None]:
    """Give where each column of a table goes; of two for one single value the first goes there.

    :raises ValueError: if ``maps`` names a column that the table lacks.
    """
    names = list(columns)
    by_fold = {targets.fold_column(name): name for name in reversed(names)}
    given: dict[str, Target | None] = {}
    for column, target in maps.items():
        name = column if column in names else by_fold.get(targets.fold_column(column))
        if name is None:
            listed = ", ".join(names)
            raise ValueError(f"there is no column {column}; the columns are {listed}")
        given[name] = target
    taken = {target for target in given.values() if target is not None}
    planned: dict[str, Target | None] = {}
    for name in names:
        target = given[name] if name in given else of_column(name)
        if name not in given and target is not None and target.is_single:
            if target in taken:
                target = None
            else:
                taken.add(target)
        planned[name] = target
    return planned


def has_name(planned: Iterable[Target | None]) -> bool:
    """Tell whether some column gives a name."""
    return any(t is not None and t.field in ("last_name", "full_name") for t in planned)


def _as_text(value: Any) -> str:
    """Give a cell as text; JSON writes some as numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def unmapped(planned: Mapping[str, Target | None], maps: Mapping[str, Target | None]) -> list[str]:
    """Give the columns of a table that go nowhere although nobody asked to leave them out."""
    asked = {targets.fold_column(column) for column in maps}
    return [
        name
        for name, target in planned.items()
        if target is None and name not in _OWN and targets.fold_column(name) not in asked
    ]
