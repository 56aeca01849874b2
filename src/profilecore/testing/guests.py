"""Synthetic hotel guests as two source systems deliver them, with the truth of who is who.

Everything follows from ``(count, seed)`` alone: the same arguments give the same bytes on every
Python version.  E-mail addresses are of domains reserved for examples; nobody here exists.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import attrs

from profilecore.testing import _names
from profilecore.testing._people import (
    TODAY,
    Draw,
    People,
    Person,
    Pool,
    fill,
    index,
    pools,
    to_ascii,
    wheel_of_nations,
    zipf,
)

PROPERTIES = ("P1", "P2", "P3", "P4", "P5")
PMS_COLUMNS = (
    "external_id", "first_name", "last_name", "second_last_name", "title", "sex", "birth_date",
    "nationality", "language", "email", "phone", "address", "address2", "city", "postal_code",
    "country", "document_type", "document_number", "document_country", "document_expires", "tags",
    "marketing_source", "created",
)  # fmt: skip
BOOKING_COLUMNS = (
    "guest_id", "full_name", "given_name", "surname", "e_mail", "telephone", "country", "dob",
    "language", "marketing_source",
)  # fmt: skip
STAY_COLUMNS = (
    "source", "external_id", "reference", "property", "arrival", "departure", "nights", "status",
    "channel",
)  # fmt: skip
_CHANNELS = ("website", "website", "direct", "phone", "agency", "corporate", "walk-in")
_SINCE, _UNTIL = date(2022, 1, 1), date(2025, 12, 31)  # when people arrive first


@attrs.frozen
class SourceRow:
    """One row as a source system delivers it; ``person`` is the truth about it."""

    source: str
    values: dict[str, str]
    person: int

    @property
    def external_id(self) -> str:
        """The id that the source gave the row."""
        return self.values["external_id" if self.source == "pms" else "guest_id"]

    @property
    def key(self) -> str:
        """The row's name among all sources, as the truth tells it."""
        return f"{self.source}:{self.external_id}"

    @property
    def profile(self) -> dict[str, Any]:
        """The row as ``Engine.create`` and ``Engine.load`` take it, without what it leaves empty.

        It has the name, the birth date, and the contact, home and document that the row tells.
        """
        row = self.values
        first, last = row.get("first_name") or row.get("given_name"), row.get("last_name")
        last = last or row.get("surname")
        if not last:
            first, _, last = row["full_name"].rpartition(" ")
        home = {
            "line1": row.get("address"), "city": row.get("city"),
            "postal_code": row.get("postal_code"), "country": row.get("country"),
        }  # fmt: skip
        made = {
            "external_ids": [{"system": self.source, "value": self.external_id}],
            "first_name": first,
            "last_name": last,
            "birth_date": row.get("birth_date") or row.get("dob"),
            "emails": _item({"value": row.get("email") or row.get("e_mail")}),
            "phones": _item({"value": row.get("phone") or row.get("telephone")}),
            "addresses": [{k: v for k, v in home.items() if v}] if home["city"] else [],
            "documents": _item(
                {"type": row.get("document_type"), "number": row.get("document_number")}
            ),
        }
        return {name: value for name, value in made.items() if value}


def _item(item: dict[str, str | None]) -> list[dict[str, str | None]]:
    return [item] if all(item.values()) else []


@attrs.frozen
class GuestSet:
    """The guests of one ``(count, seed)``, made anew each time one looks; nothing is kept."""

    count: int
    seed: int = 1

    @property
    def rows(self) -> Iterator[SourceRow]:
        return generate_guests(self.count, self.seed)

    @property
    def stays(self) -> Iterator[dict[str, str]]:
        return generate_stays(self.count, self.seed)

    @property
    def truth(self) -> Iterator[tuple[str, str]]:
        return truth(self.count, self.seed)


class _Systems:
    """The two source systems and the people they know."""

    def __init__(self, seed: int) -> None:
        self.people = People(seed)
        self.draw = self.people.draw
        self.last = {"pms": 0, "booking": 0}

    def new_id(self, source: str) -> int:
        self.last[source] += 1
        return self.last[source]

    def rows(self, person: Person) -> list[SourceRow]:
        """Give every row of a person: the first as they are, the others distorted."""
        chance = self.draw()
        sources = ["pms"] if chance < 0.8 else []
        if sources and self.draw() < 0.05:
            sources.append("pms")
        if chance >= 0.6:
            sources.append("booking")
        return [
            SourceRow(
                source=source,
                values=(self.pms if source == "pms" else self.booking)(
                    self.people.distorted(person) if position else person
                ),
                person=person.number,
            )
            for position, source in enumerate(sources)
        ]

    def written(self, person: Person, cyrillic: float) -> tuple[str, str, str]:
        names = (person.first, person.last, person.second)
        if person.pool.nation.language in {"uk", "ru"} and self.draw() >= cyrillic:
            return (to_ascii(names[0]), to_ascii(names[1]), to_ascii(names[2]))
        return names

    def language(self, person: Person) -> str:
        nation = person.home if self.draw() < 0.2 else person.pool
        return nation.nation.language if self.draw() < 0.9 else ""

    def pms(self, person: Person) -> dict[str, str]:
        draw = self.draw
        first, last, second = self.written(person, 0.4)
        title = ("mister", "misses" if draw() < 0.7 else "miss")[person.sex]
        kind, number, country = person.document if draw() < 0.75 else ("", "", "")
        expires = TODAY + timedelta(days=index(draw, 3650) - 300)
        tags = (
            [self.people.pick(_names.TAGS) for _ in range(index(draw, 3))] if draw() < 0.4 else []
        )
        created = TODAY - timedelta(days=index(draw, min(3300, (TODAY - person.born).days)))
        values = (
            f"G{self.new_id('pms'):07d}", first, last, second,
            title if not person.is_child and draw() < 0.7 else "",
            ("male", "female")[person.sex] if draw() < 0.85 else "",
            person.birth.isoformat() if person.birth and draw() < 0.9 else "",
            person.pool.nation.code, self.language(person),
            person.email if draw() < 0.85 else "", person.phone if draw() < 0.85 else "",
            *person.address, person.home.nation.code,
            kind, number, country, expires.isoformat() if kind else "",
            ";".join(dict.fromkeys(tags)), self.source(),
            f"{created}T{7 + index(draw, 16):02d}:{index(draw, 60):02d}:00Z",
        )  # fmt: skip
        return dict(zip(PMS_COLUMNS, values, strict=True))

    def booking(self, person: Person) -> dict[str, str]:
        draw = self.draw
        first, last, second = self.written(person, 0.2)
        surname = f"{last} {second}".strip() if draw() < 0.5 else last
        full = draw() < 0.25
        phone = person.phone
        if phone and draw() < 0.65:
            phone = person.home.national(phone)
        values = (
            f"B{self.new_id('booking'):07d}",
            f"{first} {surname}" if full else "", "" if full else first, "" if full else surname,
            person.email, phone if draw() < 0.9 else "", person.home.nation.code,
            person.birth.isoformat() if person.birth and (person.is_child or draw() < 0.55) else "",
            self.language(person), "ota" if draw() < 0.8 else self.source(),
        )  # fmt: skip
        return dict(zip(BOOKING_COLUMNS, values, strict=True))

    def source(self) -> str:
        return _names.SOURCES[min(index(self.draw, 9), index(self.draw, 9))]


def _by_person(wanted: int, seed: int) -> Iterator[tuple[Person, list[SourceRow]]]:
    systems = _Systems(seed)
    return ((person, systems.rows(person)) for person in systems.people.all(wanted))


def generate_guests(count: int, seed: int = 1) -> Iterator[SourceRow]:
    """Give the rows of ``count`` persons, one after another; none is kept in memory.

    60 % of the persons are in the pms only, 20 % in the booking system only, 20 % in both; 5 %
    of those in the pms are there twice.
    """
    for _, rows in _by_person(count, seed):
        yield from rows


def truth(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Give every pair of rows, as ``source:id``, that are the same person."""
    for _, rows in _by_person(count, seed):
        for one, two in combinations(rows, 2):
            yield one.key, two.key


def generate_stays(
    count_persons: int, seed: int = 1, *, per_person: float = 1.6
) -> Iterator[dict[str, str]]:
    """Give the stays of the same persons: each has one or more, never two at a time.

    A stay belongs to one row of its person, whose source and id it bears.
    """
    draw = Random(seed + 1_000_003).random
    more, number = 1 - 1 / max(1.0, per_person), 0
    for person, rows in _by_person(count_persons, seed):
        since = max(_SINCE, person.born)
        arrival = since + timedelta(days=1 + index(draw, (_UNTIL - since).days))
        while True:
            number += 1
            nights = 1 + int(draw() * draw() * 12)
            departure = arrival + timedelta(days=nights)
            row = rows[index(draw, len(rows))]
            channel = "ota" if row.source == "booking" else _CHANNELS[index(draw, len(_CHANNELS))]
            yield {
                "source": row.source,
                "external_id": row.external_id,
                "reference": f"R-{number:06d}",
                "property": PROPERTIES[index(draw, len(PROPERTIES))],
                "arrival": arrival.isoformat(),
                "departure": departure.isoformat(),
                "nights": str(nights),
                "status": _status(arrival, departure, draw()),
                "channel": channel,
            }
            if draw() >= more:
                break
            arrival = departure + timedelta(days=1 + index(draw, 300))


def _status(arrival: date, departure: date, chance: float) -> str:
    if chance < 0.08:
        return "cancelled"
    if departure <= TODAY:
        return "no_show" if chance < 0.1 else "departed"
    return "in_house" if arrival <= TODAY else "confirmed"


class _Stock:
    """What the profiles of a benchmark are put together from, for one nation."""

    def __init__(self, pool: Pool, draw: Draw) -> None:
        self.pool = pool
        self.country = pool.nation.code
        self.language = pool.nation.language
        self.first = tuple([pool.first_name(draw, sex) for _ in range(2_048)] for sex in (0, 1))
        self.streets = [pool.street(draw) for _ in range(1_024)]
        self.places = [pool.place(draw) for _ in range(256)]
        self.phones = pool.phones(index(draw, 10**8))
        serial = pool.nation.passport
        half = min(5, len(serial.rstrip("#")))
        self.digits = serial.count("#", half)
        self.heads = [fill(serial[:half], draw) for _ in range(2_048 if self.digits else 8_192)]
        self.tails = [] if self.digits else [fill(serial[half:], draw) for _ in range(8_192)]


def profile_rows(count: int, seed: int = 1) -> Iterator[dict[str, object]]:
    """Give profiles for benchmarks, fast: two addresses, one document, an e-mail, a telephone.

    Surnames are long-tailed: a few are borne by thousands, most by one or two.
    """
    draw = Random(seed).random
    stocks = {code: _Stock(pool, draw) for code, pool in pools().items()}
    wheel = [stocks[pool.nation.code] for pool in wheel_of_nations()]
    births = [(TODAY - timedelta(days=6_600 + days)).isoformat() for days in range(26_000)]
    expiries = [(TODAY + timedelta(days=days)).isoformat() for days in range(3_650)]
    nations, domains, tags, sources = len(wheel), _names.DOMAINS, _names.TAGS, _names.SOURCES
    for number in range(1, count + 1):
        stock = wheel[int(draw() * nations)]
        country, places, streets = stock.country, stock.places, stock.streets
        sex = int(draw() * 2)
        first, first_slug = stock.first[sex][int(draw() * 2_048)]
        last, last_slug = stock.pool.surname(zipf(draw, stock.pool.size), sex)
        city, code = places[int(draw() * 256)]
        work_city, work_code = places[int(draw() * 256)]
        serial = stock.heads[int(draw() * len(stock.heads))]
        if stock.tails:
            serial += stock.tails[int(draw() * 8_192)]
        else:
            size = 10**stock.digits
            serial += str(size + int(draw() * size))[1:]
        chance = draw()
        row: dict[str, object] = {
            "first_name": first,
            "last_name": last,
            "sex": "female" if sex else "male",
            "birth_date": births[int(draw() * 26_000)],
            "nationalities": [country],
            "languages": [stock.language],
            "emails": [{"value": f"{first_slug}.{last_slug}{number}@{domains[int(chance * 10)]}"}],
            "phones": [{"value": next(stock.phones)}],
            "addresses": [
                {
                    "type": "home",
                    "line1": streets[int(draw() * 1_024)],
                    "city": city,
                    "postal_code": code,
                    "country": country,
                },
                {
                    "type": "business",
                    "line1": streets[int(draw() * 1_024)],
                    "city": work_city,
                    "postal_code": work_code,
                    "country": country,
                },
            ],
            "documents": [
                {
                    "type": "passport",
                    "number": serial,
                    "country": country,
                    "expires_on": expiries[int(draw() * 3_650)],
                }
            ],
            "tags": [] if chance < 0.5 else [tags[number % 9]],
            "marketing_source": sources[int(chance * draw() * 9)],
            "external_ids": [{"system": "pms", "value": f"G{number:07d}"}],
        }
        if chance >= 0.3:
            row["title"] = "misses" if sex else "mister"
        if chance >= 0.85:
            row["tags"] = [tags[number % 9], tags[(number + 1 + int(chance * 100) % 8) % 9]]
        yield row


def write_csv(directory: Path, count: int, seed: int = 1) -> dict[str, Path]:
    """Write ``pms``, ``booking``, ``stays`` and ``truth`` as CSV files (UTF-8) of a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = {name: directory / f"{name}.csv" for name in ("pms", "booking", "stays", "truth")}
    with ExitStack() as stack:
        pms, booking, stays, pairs = (
            csv.writer(
                stack.enter_context(path.open("w", encoding="utf-8", newline="")),
                lineterminator="\n",
            )
            for path in paths.values()
        )
        pms.writerow(PMS_COLUMNS)
        booking.writerow(BOOKING_COLUMNS)
        stays.writerow(STAY_COLUMNS)
        pairs.writerow(("one", "two"))
        for _, rows in _by_person(count, seed):
            for row in rows:
                (pms if row.source == "pms" else booking).writerow(row.values.values())
            pairs.writerows((one.key, two.key) for one, two in combinations(rows, 2))
        stays.writerows(stay.values() for stay in generate_stays(count, seed))
    return paths
