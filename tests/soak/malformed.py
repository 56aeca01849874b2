"""Inputs that are nearly right, or not at all, for whatever reads what comes from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner
from hypothesis import strategies as st

from profilecore import Engine, ProfilecoreError
from profilecore.cli import Invocation, main
from profilecore.engine.ledger import Ledger

# What readers have stumbled over: depth, width, signs of other formats, halves of letters.
PIECES = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\r",
    b"\n",
    b"\t",
    b'"',
    b"'",
    b",",
    b";",
    b"<",
    b">",
    b"&",
    b"&#0;",
    b"&nope;",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"<![CDATA[",
    b"{",
    b"}",
    b"[" * 50,
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b"<a>" * 5_000,
    b"(" * 500,
    b"not " * 500,
    b"9" * 20,
    b"9" * 5_000,
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"true",
    b"=1+1",
    b"\\ud800",
    b"%00",
    b"../../etc/passwd",
    b"x" * 70_000,
    b"x" * 140_000,
    "İıßﬃ\u2028\u202e\U000e0001".encode(),
    b"2026-02-30",
    b"<<<<",
    b"0000-00-00",
    b"12345678901234567890",
)


def mutated(sample: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """Give a sample with parts replaced: where from, how many bytes, and by what."""
    for at, length, piece in changes:
        start = at % (len(sample) + 1)
        sample = sample[:start] + piece + sample[start + length :]
    return sample


def near(*samples: str) -> st.SearchStrategy[bytes]:
    """Give samples with up to four parts replaced, and now and then any bytes."""
    change = st.tuples(
        st.integers(0, 5_000),
        st.sampled_from((0, 0, 1, 3, 10, 100)),
        st.sampled_from(PIECES) | st.binary(max_size=8),
    )
    given = st.sampled_from([sample.encode() for sample in samples])
    return st.builds(mutated, given, st.lists(change, min_size=1, max_size=4)) | st.binary(
        max_size=200
    )


def texts(*samples: str) -> st.SearchStrategy[str]:
    """Give the same as texts."""
    return near(*samples).map(lambda content: content.decode("utf-8", "replace"))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.sampled_from(("x" * 70_000, 10**400, "\ud800", "2026-02-30")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
names = st.sampled_from(
    ("last_name", "emails", "phones", "birth_date", "documents", "notes", "external_ids", "custom",
     "facets", "tags", "title", "consents", "relationships", "addresses", "languages", "unknown")
)  # fmt: skip
settings_names = st.sampled_from(
    ("properties", "timezone", "inactivity", "custom_fields", "region", "scrub", "retention",
     "reimport", "trusted_sources", "unknown")
)  # fmt: skip


@attrs.define
class Desk:
    """An engine, a folder for files, and the formats of authorities that have answers."""

    engine: Engine
    folder: Path
    formats: dict[str, Callable[[bytes], object]]

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def run(self, *args: str) -> object:
        """Run a command; its own refusals are exit codes, and anything else is raised."""
        done = CliRunner().invoke(main, args, obj=Invocation(given=self.engine))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code


@attrs.frozen
class Reader:
    """Something that reads what comes from outside, and what it is given here."""

    module: str
    inputs: st.SearchStrategy[Any]
    read: Callable[[Desk, Any], object]


CSV = (
    "id,first_name,last_name,email,phone,birth_date,country\n"
    "1,Ana,García,ana@example.org,+34600111222,1984-05-17,ES\n"
    "2,Jürgen,Müller,jm@example.org,030 1234567,1970-01-02,DE\n"
)
JSON_LINES = (
    '{"id": 1, "last_name": "García", "emails": [{"value": "a@example.org"}]}\n'
    '{"id": "2", "surname": "Moreau", "birth_date": "1984-05-17"}\n'
)
TABLE = "code,name,valid_from\nES,España,2020-01-01\nPT,Portugal,\n"
MRZ = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
    "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
)
ANSWERS = (
    "<r><resultado><lote>L1</lote><codigoEstado>1</codigoEstado><resultadoComunicacion><orden>1"
    "</orden><codigoComunicacion>c</codigoComunicacion></resultadoComunicacion></resultado></r>",
    "<r><respuesta><codigo>0</codigo><lote>L1</lote></respuesta></r>",
    "<r><EntregaBoletinsAlojamentoResult>0</EntregaBoletinsAlojamentoResult><RetornoBA><Linha>1"
    "</Linha><Codigo_Retorno>3</Codigo_Retorno></RetornoBA></r>",
    "<r><ChybyHlavicky>0;</ChybyHlavicky><ChybyZaznamu><string>101;</string></ChybyZaznamu></r>",
    "<r><Dettaglio><EsitoOperazioneServizio><esito>true</esito></EsitoOperazioneServizio></Dettaglio></r>",
    '<d failure="1" packageGuid="g"><row rowPackageId="1" msg="2" msgTxt="t"/></d>',
    '{"data": {"@failure": "1", "row": [{"@id": "1", "@msg": "2", "@msgTxt": "t"}]}}',
    '{"UserMessage": "no", "SystemMessage": "no"}',
)
EXPRESSIONS = (
    'tag = "vip" and nationality in (ES, Portugal) and not stays.count < 2',
    'consent(post, "our offers") or custom.pet = "3"',
    'last_name = "Canary" or birth_date = 1984-05-17',
)
TOML = (
    '[profilecore]\ntimezone = "Europe/Madrid"\nregion = "ES"\n'
    '[profilecore.inactivity]\nafter_days = 365\n[profilecore.properties.P1]\ncountry = "ES"\n'
)


def _answer(desk: Desk, content: bytes) -> None:
    for read in desk.formats.values():
        with suppress(ProfilecoreError):
            read(content)


def _configured(desk: Desk, config: Any) -> None:
    Engine.open("memory://", discover=False, config={"profilecore": config}).close()


def _configured_by_file(desk: Desk, content: bytes) -> object:
    path = desk.file("profilecore.toml", content)
    args = ["--config", str(path), "--store", "memory://", "search", "x"]
    done = CliRunner().invoke(main, args)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code


def _ledger(desk: Desk, content: bytes) -> None:
    for _ in Ledger(desk.file("clears.ledger", content)):
        pass


def _sqlite(desk: Desk, content: bytes) -> None:
    path = desk.file("guests.db", content)
    Engine.open(f"sqlite:///{path}", discover=False).close()


def _scanned(desk: Desk, text: str) -> None:
    from profilecore_scanner import read

    read(text)


def _segment(desk: Desk, text: str) -> None:
    from profilecore_segments.parsing import parse

    parse(text)


def _table(desk: Desk, content: bytes) -> None:
    from profilecore_exports.tables import read_table

    for name in ("codes.csv", "codes.json"):
        with suppress(ProfilecoreError):
            read_table(desk.file(name, content))


def _duplicates(desk: Desk, content: bytes) -> None:
    from profilecore_duplicates.reading import read_records

    for name in ("people.csv", "people.parquet", "people.jsonl"):
        with suppress(ProfilecoreError):
            read_records(desk.file(name, content))


def _imported(name: str, *more: str) -> Callable[[Desk, bytes], object]:
    return lambda desk, content: desk.run(
        "import", str(desk.file(name, content)), "--source", "s", *more
    )


def _asked(desk: Desk, text: str) -> None:
    engine = desk.engine
    for ask in (
        lambda: engine.search(text),
        lambda: engine.search("a", cursor=text),
        lambda: engine.get(text),
        lambda: engine.merges(text),
        lambda: engine.plan_merge(text, [text]),
        lambda: engine.receipt(text),
    ):
        with suppress(ProfilecoreError):
            ask()


def _attached(desk: Desk, content: bytes) -> None:
    (guest,) = desk.engine.search("vogel").items
    name = content[:40].decode("utf-8", "replace")
    desk.engine.detach(desk.engine.attach(guest.id, name, content).id)


READERS: dict[str, Reader] = {
    "import of CSV": Reader("profilecore", near(CSV), _imported("a.csv")),
    "import of JSON Lines": Reader("profilecore", near(JSON_LINES), _imported("a.jsonl")),
    "import of stays": Reader(
        "profilecore",
        near("guest_id,property,reference,check_in\nG1,P1,R1,2025-05-01\n"),
        _imported("s.csv", "--stays"),
    ),
    "rows of a host": Reader(
        "profilecore",
        st.lists(st.dictionaries(names, anything, max_size=5), max_size=3),
        lambda desk, rows: desk.engine.load(rows, source="s", workers=0),
    ),
    "a profile of a host": Reader(
        "profilecore",
        st.dictionaries(names, anything, max_size=5),
        lambda desk, row: desk.engine.create({"last_name": "Vogel"} | row),
    ),
    "ids, words and cursors": Reader("profilecore", texts("id1", "ana garcia"), _asked),
    "attachments": Reader("profilecore", near("%PDF-1.7 a", "GIF89a"), _attached),
    "settings": Reader(
        "profilecore", st.dictionaries(settings_names, anything, max_size=3), _configured
    ),
    "a file of settings": Reader("profilecore", near(TOML), _configured_by_file),
    "a ledger": Reader(
        "profilecore",
        near(
            json.dumps(
                {
                    "receipt": "r",
                    "number": 1,
                    "at": "2026-01-01T00:00:00Z",
                    "ids": ["a"],
                    "seal": "s",
                }
            )
            + "\n"
        ),
        _ledger,
    ),
    "a file for a store": Reader(
        "profilecore_sqlite", near("SQLite format 3\x00" + "\x00" * 84), _sqlite
    ),
    "answers of authorities": Reader("profilecore_exports", near(*ANSWERS), _answer),
    "tables of codes": Reader(
        "profilecore_exports", near(TABLE, json.dumps([{"code": "a", "name": "b"}])), _table
    ),
    "zones of documents": Reader("profilecore_scanner", texts(*MRZ), _scanned),
    "expressions of segments": Reader("profilecore_segments", texts(*EXPRESSIONS), _segment),
    "files of people to match": Reader("profilecore_duplicates", near(CSV), _duplicates),
}
