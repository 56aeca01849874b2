"""Long code tables of authorities: loaded from the authority's own file, kept in the store.

Each loading is a version; the newest is used.  Rows may hold from and until a day.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from profilecore.codec import Codec
from profilecore.model import Document
from profilecore.normalise.text import fold
from profilecore.values import frozen
from profilecore_exports.faults import ExportRefused, TableMissing

if TYPE_CHECKING:
    from profilecore.store import Store

KIND = "code-table"
_ALIASES = {
    "code": "code codice codigo cod kod kod3 municipioid id",
    "name": "name descrizione descripcion nombre nome nazev popis ciudad label municipionombre",
    "area": "provincia province sigla area departamento",
    "since": "since validfrom datainizioval desde",
    "until": "until validto datafineval fechafin hasta",
    "key": "key codigopostal postalcode postcode cp",
    "_province": "cpro",
    "_town": "cmun",
}
_BY_HEAD = {name: role for role, names in _ALIASES.items() for name in names.split()}
_AREA = re.compile(r"^(.*?)\s*\(([A-Z]{2})\)$")
MAX_BYTES = 64 * 2**20


@frozen
class TableSpec:
    """A table that a format needs: its name, and where the authority publishes it."""

    name: str
    title: str
    where: str


@frozen
class Row:
    """One code.  ``area`` is its province, ``key`` another value it goes by, as a postcode."""

    code: str
    name: str
    area: str = ""
    since: date | None = None
    until: date | None = None
    key: str = ""

    def holds(self, day: date | None) -> bool:
        """Tell whether the code is in use on a day; on no day in particular, today's rules go."""
        if day is None:
            return True
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@frozen
class Version:
    """One loading of a table."""

    number: int
    rows: int
    checksum: str
    added_at: datetime
    file: str = ""


@frozen
class Versions:
    """All loadings of a table, oldest first."""

    name: str
    versions: tuple[Version, ...] = ()


@frozen
class Loaded:
    """What came of loading a table: its version, and the rows that were refused, with why."""

    version: Version
    rejects: tuple[tuple[int, str], ...] = ()


class Table:
    """The rows of a table, found by code, name or key."""

    def __init__(self, name: str, rows: Iterable[Row]) -> None:
        self.name = name
        self._codes: dict[str, list[Row]] = {}
        self._names: dict[str, list[Row]] = {}
        self._keys: dict[str, list[Row]] = {}
        for row in rows:
            self._codes.setdefault(row.code, []).append(row)
            for spelling in dict.fromkeys(_spellings(row.name)):
                self._names.setdefault(spelling, []).append(row)
            if row.key:
                self._keys.setdefault(row.key, []).append(row)

    def has(self, code: str, day: date | None = None) -> bool:
        """Tell whether a code is in the table and in use on a day."""
        return any(row.holds(day) for row in self._codes.get(code, ()))

    def by_code(self, code: str) -> Row | None:
        """Give the last row of a code."""
        rows = self._codes.get(code)
        return rows[-1] if rows else None

    def by_key(self, key: str, day: date | None = None) -> list[Row]:
        """Give the rows that go by a key and are in use on a day."""
        return [row for row in self._keys.get(key, ()) if row.holds(day)]

    def named(self, name: str, area: str = "", day: date | None = None) -> list[Row]:
        """Give the rows of a name, of an area if one is given, in use on a day; one a code."""
        rows = {
            row.code: row
            for row in self._names.get(fold(name), ())
            if row.holds(day) and (not area or not row.area or row.area == area)
        }
        return list(rows.values())


def _spellings(name: str) -> Iterator[str]:
    """Yield the folded ways to write a name: both of two languages, an article before or after."""
    for part in {name, *name.split("/")}:
        yield fold(part)
        rest, comma, article = part.rpartition(",")
        if comma and len(article.strip()) <= 4:
            yield fold(f"{article.strip()} {rest}")


class Tables:
    """The tables of a store; each is read once, when it is first asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, Table | None] = {}

    def need(self, spec: TableSpec) -> Table:
        """Give a table.

        :raises TableMissing: naming it, and where the authority publishes it.
        """
        found = self.get(spec)
        if found is None:
            raise TableMissing(spec.name, spec.where)
        return found

    def get(self, spec: TableSpec) -> Table | None:
        """Give a table, or ``None`` if it was never loaded."""
        if spec.name not in self._read:
            self._read[spec.name] = self._load(spec.name)
        return self._read[spec.name]

    def _load(self, name: str) -> Table | None:
        with self._store.read() as reader:
            known = versions_of(reader.get(KIND, name), name)
            newest = known.versions[-1].number if known.versions else 0
            body = reader.blob(_blob(name, newest)) if newest else None
        if body is None:
            return None
        rows = msgspec.json.decode(body)
        return Table(name, (Row(*_dated(row)) for row in rows))


def versions_of(document: Document | None, name: str) -> Versions:
    """Give the versions that a document lists."""
    return Versions(name) if document is None else Codec().load(Versions, document.body)


def add_table(store: Store, name: str, path: Path, now: datetime) -> Loaded:
    """Load a table from a file: CSV with any usual separator, or a JSON list of objects.

    The same content again is no new version.

    :raises ExportRefused: if the file has no usable row, or is none of these.
    """
    rows, rejects = read_table(path)
    body = msgspec.json.encode([list(vars(row).values()) for row in rows])
    checksum = hashlib.sha256(body).hexdigest()
    with store.write() as writer:
        stored = writer.get(KIND, name)
        known = versions_of(stored, name)
        if known.versions and known.versions[-1].checksum == checksum:
            return Loaded(known.versions[-1], rejects)
        version = Version(len(known.versions) + 1, len(rows), checksum, now, path.name)
        writer.put_blob(_blob(name, version.number), body)
        made = Versions(name, (*known.versions, version))
        at = stored.version if stored else 0
        # No profile owns a table: it is its own owner.
        writer.put(Document(KIND, name, name, at + 1, Codec().dump(made)), expect=at)
    return Loaded(version, rejects)


def read_table(path: Path) -> tuple[list[Row], tuple[tuple[int, str], ...]]:
    """Read the rows of a file, and the numbers of those that are refused, with why.

    :raises ExportRefused: as :func:`add_table`.
    """
    rows: list[Row] = []
    rejects: list[tuple[int, str]] = []
    for number, record in enumerate(_records(path), 1):
        try:
            rows.append(_row(record))
        except ValueError as error:
            rejects.append((number, str(error)))
    if not rows:
        raise ExportRefused(
            "no-rows",
            f"{path.name} has no row with a code and a name; its first line must name the columns.",
        )
    return rows, tuple(rejects)


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.stat().st_size > MAX_BYTES:
        raise ExportRefused("too-large", f"{path.name} is larger than {MAX_BYTES // 2**20} MiB.")
    text = _decoded(path.read_bytes())
    if path.suffix.lower() == ".json":
        try:
            listed = msgspec.json.decode(text)
        except (ValueError, RecursionError):
            raise ExportRefused("unreadable", f"{path.name} is no JSON.") from None
        if not isinstance(listed, list):
            raise ExportRefused("unreadable", f"{path.name} must be a JSON list of objects.")
        yield from (record for record in listed if isinstance(record, dict))
        return
    head = text.partition("\n")[0]
    separator = max(",;\t|", key=head.count)
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    except csv.Error:
        raise ExportRefused(
            "unreadable", f"{path.name} is no CSV, as where a quote is not closed."
        ) from None


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Authorities' exports are often of a Windows desktop.
        return content.decode("cp1252", "replace")


def _row(record: Mapping[str, Any]) -> Row:
    found: dict[str, str] = {}
    for head, cell in record.items():
        role = _BY_HEAD.get(fold(str(head or "")).replace(" ", "").replace("_", ""))
        if role is not None and cell is not None and role not in found:
            found[role] = str(cell).strip()
    code = found.get("code") or found.get("_province", "") + found.get("_town", "")
    name = found.get("name", "")
    if not code or not name:
        raise ValueError("has no code or no name")
    area = found.get("area", "")
    match = _AREA.match(name)
    if match is not None:
        name, area = match[1], area or match[2]
    since, until = (_day(found.get(role, "")) for role in ("since", "until"))
    return Row(code, name, area, since, until, found.get("key", ""))


def _day(text: str) -> date | None:
    """Read a day as authorities write it: 2026-01-31, 31/01/2026 or 20260131, with any time."""
    text = text.strip().partition(" ")[0].partition("T")[0]
    if not text:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            continue
    raise ValueError("has a date that is none")


def _dated(row: list[Any]) -> Iterator[Any]:
    for number, value in enumerate(row):
        yield date.fromisoformat(value) if number in (3, 4) and value else value


def _blob(name: str, number: int) -> str:
    return f"{KIND}/{name}/{number}"
