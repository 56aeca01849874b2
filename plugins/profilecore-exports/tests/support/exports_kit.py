"""Invented guests, and a world to export them from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs

from profilecore import Engine, Profile, Stay
from profilecore_exports import (
    ExportsPlugin,
    Format,
    Readiness,
    Run,
    add_table,
    export,
    record_details,
)
from profilecore_exports.at import AustriaPlugin
from profilecore_exports.co import ColombiaPlugin
from profilecore_exports.cz import CzechiaPlugin
from profilecore_exports.de import GermanyPlugin
from profilecore_exports.es import SpainPlugin
from profilecore_exports.fr import FrancePlugin
from profilecore_exports.hr import CroatiaPlugin
from profilecore_exports.it import ItalyPlugin
from profilecore_exports.pt import PortugalPlugin
from profilecore_exports.register import ENTRY, Entry
from profilecore_exports.rs import SerbiaPlugin
from profilecore_exports.si import SloveniaPlugin
from profilecore_exports.th import ThailandPlugin
from profilecore_exports.tr import TurkeyPlugin

P = "P1"
ARRIVAL, DEPARTURE = date(2026, 11, 20), date(2026, 11, 23)
EVENING = datetime(2026, 11, 20, 18, 5, tzinfo=UTC)
PLUGINS = (
    ExportsPlugin,
    AustriaPlugin,
    ColombiaPlugin,
    CroatiaPlugin,
    CzechiaPlugin,
    FrancePlugin,
    GermanyPlugin,
    ItalyPlugin,
    PortugalPlugin,
    SerbiaPlugin,
    SloveniaPlugin,
    SpainPlugin,
    ThailandPlugin,
    TurkeyPlugin,
)
SPAIN = {"properties": {P: {"code": "0000000001", "landlord": "0000000001"}}}
ITALY = {"properties": {P: {"structure": "STR0001", "rooms": 10, "beds": 20}}}
GERMANY = {
    "properties": {
        P: {
            "name": "Pension Erfunden",
            "street": "Musterweg",
            "house_number": "5",
            "town": "Musterstadt",
            "postal_code": "12345",
        }
    }
}
PORTUGAL = {
    "properties": {
        P: {
            "nipc": "121212121",
            "name": "Casa Inventada",
            "short_name": "Casainv",
            "street": "Rua do Exemplo 1",
            "town": "Lisboa",
            "postal_code": "1000-001",
            "phone": "210000000",
            "contact": "Gestor Teste",
            "email": "teste@example.com",
        }
    }
}
CZECHIA = {
    "properties": {
        P: {
            "idub": "100162012588",
            "mark": "HTEST",
            "name": "Penzion Vymyšlený",
            "contact": "tel 200000000",
            "district": "Praha",
            "town": "Praha",
            "part": "Nové Město",
            "street": "Zkušební",
            "house_number": "123",
            "orientation": "4a",
            "postal_code": "11000",
            "purpose": "10",
        }
    }
}
CROATIA = {"properties": {P: {"facility": "0000001", "document_types": {"passport": "027"}}}}
SLOVENIA = {"properties": {P: {"number": 20037, "tax": "2.50"}}}
COLOMBIA = {"properties": {P: {"code": "12345", "city": "88001"}}}
SHEETS = {
    "properties": {
        P: {"name": "Haus Erfunden", "street": "Weg 1", "town": "Ort", "postal_code": "1010"}
    }
}
SERBIA = {"properties": {P: {"code": "000000"}}}
TURKEY = {"properties": {P: {"user": "11111111110", "facility": "123456"}}}
CONFIG: dict[str, Any] = {
    "exports-at": SHEETS,
    "exports-co": COLOMBIA,
    "exports-cz": CZECHIA,
    "exports-de": GERMANY,
    "exports-es": SPAIN,
    "exports-fr": SHEETS,
    "exports-hr": CROATIA,
    "exports-it": ITALY,
    "exports-pt": PORTUGAL,
    "exports-rs": SERBIA,
    "exports-si": SLOVENIA,
    "exports-tr": TURKEY,
}
ITALIAN_STATES = "Codice,Descrizione,Provincia,DataFineVal\n" + "".join(
    f"{code},{name},,\n"
    for code, name in (
        ("100000100", "ITALIA"),
        ("100000216", "GERMANIA"),
        ("100000239", "SPAGNA"),
        ("100000536", "STATI UNITI D'AMERICA"),
        ("100000314", "CINA POPOLARE"),
    )
)
ITALIAN_TOWNS = """Codice;Descrizione;Provincia;DataFineVal
412058091;ROMA;RM;
407010025;GENOVA;GE;
401001001;AGLIE';TO;
403097001;ABBADIA;LC;
403097002;ABBADIA;SI;
405028002;CEASED TOWN;PD;31/12/1989 00:00:00
"""

HANS: dict[str, Any] = {
    "first_name": "Hans",
    "last_name": "Muster",
    "sex": "male",
    "birth_date": "1985-07-02",
    "birth_country": "DE",
    "birth_place": "Musterstadt",
    "nationalities": ["DE"],
    "country_of_residence": "DE",
    "documents": [{"type": "passport", "number": "C01X00T47", "country": "DE"}],
    "addresses": [
        {"line1": "Musterweg 5", "city": "Musterstadt", "postal_code": "12345", "country": "DE"}
    ],
    "emails": ["hans@example.com"],
}
MIA: dict[str, Any] = HANS | {
    "first_name": "Mia",
    "sex": "female",
    "birth_date": "2017-05-09",
    "documents": [],
}
MARIA: dict[str, Any] = {
    "first_name": "Maria Pia",
    "last_name": "Rossi",
    "sex": "female",
    "birth_date": "1988-03-14",
    "birth_country": "IT",
    "birth_place": "Roma",
    "birth_subdivision": "IT-RM",
    "nationalities": ["IT"],
    "country_of_residence": "IT",
    "documents": [
        {
            "type": "identity_card",
            "number": "CA00000AA",
            "country": "IT",
            "issuing_place": "Roma",
        }
    ],
    "addresses": [
        {"line1": "Via Inventata 1", "city": "Roma", "postal_code": "00100", "country": "IT"}
    ],
}
LUCIA: dict[str, Any] = {
    "first_name": "Lucía",
    "last_name": "Prueba",
    "second_last_name": "Ejemplo",
    "sex": "female",
    "birth_date": "1988-03-14",
    "birth_country": "ES",
    "birth_place": "Madrid",
    "nationalities": ["ES"],
    "country_of_residence": "ES",
    "documents": [
        {"type": "dni", "number": "12345678Z", "country": "ES", "support_number": "AAA000001"}
    ],
    "addresses": [
        {
            "line1": "Calle Inventada 1, 2B",
            "city": "Madrid",
            "postal_code": "28001",
            "country": "ES",
        }
    ],
    "phones": ["+34600000001"],
    "emails": ["lucia@example.com"],
}
BOOKED: dict[str, Any] = {
    "arrived_at": "16:05",
    "departs_at": "11:00",
    "contracted_on": "2026-11-01",
    "rooms": 1,
    "internet": True,
    "payment": "card",
    "paid_on": "2026-11-01",
    "payment_means": "VISA **** 4242",
    "payment_holder": "Lucía Prueba Ejemplo",
    "card_expiry": "12/2029",
}
POSTCODES = """codigo_postal,municipio_id,municipio_nombre
28001,28079,Madrid
08830,08200,Sant Boi de Llobregat
01139,01002,Amurrio
01139,01063,Zigoitia
"""
TIMES = {"arrived_at": "16:05", "departs_at": "11:00"}
COUNTRIES = "codigo,nombre\n23,ALEMANIA\n245,ESPAÑA\n249,ESTADOS UNIDOS\n169,COLOMBIA\n215,CHINA\n"
CITIES = "codigo,ciudad\n13001,CARTAGENA\n88001,SAN ANDRÉS\n"


def plain(content: bytes) -> str:
    """Give XML in a form that compares: blanks between elements do not count."""
    return ElementTree.canonicalize(content.decode(), strip_text=True)


@attrs.define
class World:
    """An engine, and short ways to make guests, stays and exports in it."""

    engine: Engine
    folder: Path
    numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    def guest(self, values: dict[str, Any], **more: Any) -> Profile:
        return self.engine.create(values | more)

    def stay(self, *guests: Profile, details: dict[str, Any] | None = None, **more: Any) -> Stay:
        given = {
            "property_id": P,
            "arrival": ARRIVAL,
            "departure": DEPARTURE,
            "reference": f"RES-2026-{next(self.numbers):06d}",
            "companions": [guest.id for guest in guests[1:]],
        }
        made = self.engine.record_stay(guests[0].id, given | more)
        if details:
            record_details(self.engine, made.id, details)
        return made

    def family(self) -> tuple[Profile, Profile]:
        """Hans and his daughter Mia, who travels without a document of her own."""
        hans = self.guest(HANS)
        mia = self.guest(MIA, relationships=[{"type": "parent", "profile_id": hans.id}])
        return hans, mia

    def format(self, name: str) -> Format:
        check = self.engine.plugins.contributions.checks[name]
        assert isinstance(check, Readiness)
        assert check.format is not None
        return check.format

    def export(self, name: str, **more: Any) -> Run:
        options = {"start": ARRIVAL, "end": DEPARTURE, "out": self.folder, "now": EVENING} | more
        return export(self.engine, self.format(name), P, **options)

    def contents(self, run: Run) -> list[bytes]:
        return [(self.folder / file.name).read_bytes() for file in run.files]

    def entries(self, profile: Profile) -> list[Entry]:
        from profilecore.codec import Codec

        with self.engine.store.read() as reader:
            found = reader.owned(self.engine.get(profile.id).family, ENTRY)
        return [Codec().load(Entry, document.body) for document in found]

    def codes(self, run: Run) -> list[list[str]]:
        return [[missing.code for missing in each.missing] for each in run.incomplete]

    def load(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        add_table(self.engine.store, name, path, EVENING)
        path.unlink()
