"""Export 10,000 guests in each format: ``python -m bench.exports [--guests N] [--write]``.

Prints the CPU seconds of a run from the store to registered files, of user and system; the code
tables hold the few rows that the guests need.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.page import PAGE, with_section
from profilecore import Engine
from profilecore_exports import add_table, export, formats_of, record_details

HEAD = ("format", "guests", "files", "CPU s", "wall s")
SECTION = "Registering guests"
INTRODUCTION = """A SQLite store of made-up guests in parties of four, all arriving on one day:
what a run of each format takes from the store to files on the disk and their register. The
goal is at most 10 s for 10,000 guests. Formats that report one of a party write a quarter, and the
monthly report counts rooms. What the machine does besides shows in both columns.
"""
PROPERTY = "P1"
DAY = date(2026, 11, 20)
MONTH = date(2026, 11, 1), date(2026, 11, 30)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTY = 4
TABLES = {
    "it.stati": "Codice,Descrizione\n100000100,ITALIA\n100000232,PAESI BASSI\n",
    "it.comuni": "Codice,Descrizione,Provincia\n412058091,ROMA,RM\n",
    "co.paises": "codigo,nombre\n573,PAISES BAJOS\n",
    "es.codigos-postales": "cp,codigo,nombre\n28001,28079,Madrid\n",
}
HOUSES: dict[str, Any] = {
    "at": {"name": "Pension", "street": "Gasse 1", "town": "Wien", "postal_code": "1010"},
    "co": {"code": "12345", "city": "88001"},
    "cz": {
        "idub": "100162012588", "mark": "HTEST", "name": "Penzion", "town": "Praha",
        "postal_code": "11000", "house_number": "1",
    },
    "de": {"name": "Pension", "street": "Weg", "town": "Ort", "postal_code": "12345"},
    "es": {"code": "0000000001", "name": "Casa", "payment": "card"},
    "fr": {"name": "Hôtel", "street": "Rue 1", "town": "Paris", "postal_code": "75001"},
    "hr": {
        "facility": "1", "document_types": {"passport": "027"}, "check_in": "14:00",
        "check_out": "10:00",
    },
    "it": {"structure": "S1", "rooms": 5000, "beds": 10000},
    "pt": {
        "nipc": "121212121", "name": "Casa", "short_name": "Casa", "street": "Rua 1",
        "town": "Lisboa", "postal_code": "1000-001", "phone": "210000000", "contact": "Ana",
        "email": "a@example.com",
    },
    "rs": {"code": "000000"},
    "si": {"number": 1, "tax": "2.50"},
    "th": {},
    "tr": {"user": "11111111110", "facility": "123456"},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.exports", description=__doc__)
    parser.add_argument("--guests", type=int, default=10_000)
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    parser.add_argument("formats", nargs="*")
    options = parser.parse_args()
    table = Table(*HEAD)
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in run(Path(folder), options.guests, options.formats):
            rows.append(row)
            table.add_row(*map(str, row))
    Console().print(table)
    if options.write:
        command = f"python -m bench.exports --guests {options.guests} --write"
        lines = [f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}, 2 cores, one run.", ""]
        lines += [f"| {' | '.join(map(str, row))} |" for row in (HEAD, ["---"] * len(HEAD), *rows)]
        name, text = f"{options.guests:,} guests", "\n".join(lines)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, name, text), encoding="utf-8")


def run(folder: Path, guests: int, wanted: list[str]) -> Any:
    """Fill a store, then yield a row for each format, on a copy that knows no other's register.

    What was written stays until all are measured: where thousands of files have just been removed,
    a file system may take ten times as long to make new ones, and no house removes them so.
    """
    filled = folder / "filled.db"
    with Engine.open(f"sqlite:///{filled}", config=_config()) as engine:
        _fill(engine, guests)
        for name, text in TABLES.items():
            path = folder / f"{name}.csv"
            path.write_text(text)
            add_table(engine.store, name, path, NOW)
        names = list(formats_of(engine.plugins.contributions.checks.values()))
    for name in names:
        if not wanted or name in wanted:
            shutil.copy(filled, folder / f"{name}.db")
            yield measured(folder, name)
            (folder / f"{name}.db").unlink()


def measured(folder: Path, name: str) -> tuple[object, ...]:
    """Run a format, and give its row."""
    with Engine.open(f"sqlite:///{folder / name}.db", config=_config()) as engine:
        format = formats_of(engine.plugins.contributions.checks.values())[name]
        cpu, wall = time.process_time(), time.perf_counter()
        first, last = (DAY, DAY) if format.moments else MONTH
        done = export(engine, format, PROPERTY, first, last, folder / name, now=NOW)
        used, took = time.process_time() - cpu, time.perf_counter() - wall
    if done.incomplete:
        raise SystemExit(f"{name}: {done.incomplete[0]}")
    return name, done.counts.get("reported", 0), len(done.files), f"{used:.1f}", f"{took:.1f}"


def _config() -> dict[str, Any]:
    plugins = {f"exports-{c}": {"properties": {PROPERTY: h}} for c, h in HOUSES.items() if h}
    return plugins | {"profilecore": {"properties": {PROPERTY: {"timezone": "Europe/Madrid"}}}}


def _fill(engine: Engine, guests: int) -> None:
    rows = [_guest(number) for number in range(guests)]
    engine.load(rows, source="bench")
    ids = []
    after = None
    while True:
        with engine.store.read() as reader:
            page = reader.listing("profile", after, 5_000)
        if not page:
            break
        ids += [document.id for document in page]
        after = page[-1].id
    for start in range(0, len(ids), PARTY * 250):
        stays = []
        with engine.transaction():
            for first in range(start, min(start + PARTY * 250, len(ids)), PARTY):
                head, *others = ids[first : first + PARTY]
                given = {
                    "property_id": PROPERTY, "arrival": DAY, "departure": "2026-11-23",
                    "reference": f"R{first}", "companions": others,
                    "booked_at": "2026-11-20T10:00:00+00:00",
                }  # fmt: skip
                stays.append(engine.record_stay(head, given).id)
        for id in stays[:1]:
            record_details(engine, id, {"arrived_at": "16:05", "departs_at": "11:00"})


def _guest(number: int) -> dict[str, Any]:
    return {
        "external_ids": [{"system": "bench", "value": str(number)}],
        "first_name": f"Jürgen {chr(65 + number % 26)}",
        "last_name": f"Müller-{chr(65 + number // 26 % 26)}",
        "sex": "male",
        "birth_date": "1985-07-02",
        "birth_country": "NL",
        "birth_place": "Bonn",
        "nationalities": ["NL"],
        "country_of_residence": "NL",
        "documents": [
            {
                "type": "passport", "number": f"C{number:08d}", "country": "NL",
                "issued_on": "2020-01-02", "issuing_authority": "Gemeente Bonn",
            }
        ],
        "addresses": [{"line1": "Weg 5", "city": "Bonn", "postal_code": "53111", "country": "NL"}],
        "emails": [f"guest{number}@example.com"],
        "phones": [f"+4917{number:08d}"],
    }  # fmt: skip


if __name__ == "__main__":
    main()
