"""The store on PostgreSQL beside raw psycopg: ``python -m bench.postgres [--size N] [--big N]``.

``PROFILECORE_TEST_DSN`` names a server; without it one is started, with ``fsync`` on.  ``--write``
writes the section of the page of benchmarks.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from rich.console import Console

from bench.page import PAGE, with_section
from bench.rows import Row, each_ms, p50_p99, rate
from profilecore import Engine
from profilecore.store import Terms
from profilecore.testing.guests import profile_rows
from profilecore_postgres import open_store
from profilecore_postgres import statements as sql
from profilecore_postgres.statements import Statements
from profilecore_postgres.terms import pack
from profilecore_postgres.testing import DSN, a_schema, a_server, url_of

SECTION = "PostgreSQL"
INTRODUCTION = """
Each figure stands beside raw psycopg 3 on the same server in the same run. Raw COPY takes the same
rows of all tables from memory, one table after the other, in binary form and without making them.
A raw get is one `SELECT` that commits by itself; the store's is a transaction of one state. A raw
write runs the statements of an update (the lock of the head, two reads, two documents, an event,
the head, the commit) with bodies made before.

The import is bound by what the engine does in Python with each profile (reading, cleaning, terms),
as it is on SQLite; the insert below it is the store's part alone, from packed terms to the commit.
Imports, inserts and raw COPY are done in turns, each into an empty store, and so are gets: medians
of five rounds, and of nine.
"""
TABLES = ("pc_document", "pc_key", "pc_word", "pc_event")
HEAD = "| what | profilecore | raw psycopg | ratio | goal |\n|---|---|---|---|---|\n"
SECONDS = 4.0
WRITERS = (1, 4, 16)
ROUNDS = 5
GET_ROUNDS = 9
# Enough for a million profiles to be measured, and not the disk.
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.postgres", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="profiles of the small store")
    parser.add_argument("--big", type=int, default=0, help="of the large one, as 1000000")
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    parser.add_argument("--writer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        _write_as_told(json.loads(options.writer))
        return
    rows: list[Row] = []
    with _server() as dsn:
        version = _version(dsn)
        for row in measure(dsn, options.size, options.big):
            rows.append(row)
            Console().print(*row.cells(), sep="  |  ", soft_wrap=True)
    if options.write:
        command = f"python -m bench.postgres --size {options.size} --big {options.big} --write"
        made = (
            f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}: PostgreSQL {version}, psycopg "
            f"{psycopg.__version__}, {os.cpu_count()} cores for server and clients, one run.\n\n"
        )
        text = made + HEAD + "".join("| " + " | ".join(row.cells()) + " |\n" for row in rows)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_section(page, SECTION, INTRODUCTION, "Figures", text))


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get(DSN)
    if given:
        yield given
        return
    with a_server(**SETTINGS) as server:
        yield server.dsn


def _version(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
        return f"{major}.{minor}"


def measure(dsn: str, size: int, big: int) -> Iterator[Row]:
    """Yield all rows; ``big`` is the size of the large store, 0 for none."""
    with a_schema(dsn) as schema:
        yield from imports(dsn, schema, size)
        yield from gets(dsn, schema, size)
        yield from writers(dsn, schema)
    if big:
        with a_schema(dsn) as schema:
            yield Row(f"import of {big:,} profiles", load(dsn, schema, big), "profiles/s")
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(Statements(schema)["VACUUM (ANALYZE) pc_word"])
            yield from searches(dsn, schema, big)


# ---- import


def load(dsn: str, schema: str, size: int) -> float:
    """Fill a store; give profiles a second."""
    rows = profile_rows(size, 1)
    made = list(rows) if size <= 200_000 else rows
    with Engine.open(url_of(dsn, schema), discover=False) as engine:
        began = time.perf_counter()
        report = engine.load(made, source="pms")
        seconds = time.perf_counter() - began
    assert report.created == size, report
    return size / seconds


def imports(dsn: str, schema: str, size: int) -> Iterator[Row]:
    load(dsn, schema, size)
    rates: dict[str, list[float]] = {"import": [], "raw": [], "insert": []}
    for _ in range(ROUNDS):
        with a_schema(dsn) as empty:
            rates["import"].append(load(dsn, empty, size))
        with a_schema(dsn) as empty:
            rates["raw"].append(size / _raw_copy(dsn, schema, empty))
        with a_schema(dsn) as empty:
            rates["insert"].append(size / _insert(dsn, schema, empty))
    ours, raw, insert = (statistics.median(each) for each in rates.values())
    goal = "at least 0.5"
    yield Row(f"import of {size:,}, validated", ours, "profiles/s", raw, goal)
    yield Row(f"insert of {size:,} into the store", insert, "profiles/s", raw, goal)


def _raw_copy(dsn: str, filled: str, empty: str) -> float:
    """Copy the rows of a filled store into an empty one; give the seconds of the latter half."""
    open_store(url_of(dsn, empty)).close()
    source, target = Statements(filled), Statements(empty)
    taken: dict[str, bytes] = {}
    with psycopg.connect(dsn) as connection:
        for table in TABLES:
            sink = io.BytesIO()
            with connection.cursor().copy(
                source[f"COPY {table} TO STDOUT (FORMAT BINARY)"]
            ) as copied:
                for piece in copied:
                    sink.write(piece)
            taken[table] = sink.getvalue()
        connection.commit()
        began = time.perf_counter()
        for table, rows in taken.items():
            statement = target[f"COPY {table} FROM STDIN (FORMAT BINARY)"]
            with connection.cursor().copy(statement) as copy:
                copy.write(rows)
        connection.commit()
        return time.perf_counter() - began


def _insert(dsn: str, filled: str, empty: str) -> float:
    """Insert the documents of a filled store, their terms packed before; give the seconds."""
    from profilecore.codec import Codec
    from profilecore.model import Profile
    from profilecore.rules.terms import TermMaker

    with open_store(url_of(dsn, filled)).read() as reader:
        documents = reader.listing("profile", None, 10_000_000)
        events = reader.events(0, 10_000_000)
    codec, store = Codec(), open_store(url_of(dsn, empty))
    terms = TermMaker(store.salt)
    made: list[Terms] = [terms.of(codec.load(Profile, d.body)) for d in documents]
    packed = [(d, pack(t)) for d, t in zip(documents, made, strict=True)]
    began = time.perf_counter()
    with store.write() as writer:
        writer.insert(packed)
        writer.append(events)
    seconds = time.perf_counter() - began
    store.close()
    return seconds


# ---- reads


def _ids(dsn: str, schema: str, number: int) -> list[str]:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            Statements(schema)["SELECT id FROM pc_document WHERE kind = 'profile' ORDER BY n"]
        ).fetchall()
    return random.Random(5).sample([id for (id,) in found], min(number, len(found)))


def gets(dsn: str, schema: str, size: int) -> Iterator[Row]:
    ids = _ids(dsn, schema, 3_000)
    statement = Statements(schema)["SELECT body FROM pc_document WHERE kind = %s AND id = %s"]
    with (
        Engine.open(url_of(dsn, schema), discover=False) as engine,
        psycopg.connect(dsn, autocommit=True) as connection,
    ):

        def raw(id: str) -> Any:
            return connection.execute(statement, ("profile", id)).fetchone()

        theirs, ours = [], []
        for _ in range(GET_ROUNDS):
            theirs.append(rate(lambda id=id: raw(id) for id in ids))
            ours.append(rate(lambda id=id: engine.get(id) for id in ids))
        got, raw_rate = statistics.median(ours), statistics.median(theirs)
        yield Row(f"get by id, decoded, {size:,}", got, "gets/s", raw_rate, "at least 0.33")


def searches(dsn: str, schema: str, size: int) -> Iterator[Row]:
    chance = random.Random(7)
    with (
        Engine.open(url_of(dsn, schema), discover=False) as engine,
        psycopg.connect(dsn, autocommit=True) as connection,
    ):
        people = [engine.get(id) for id in _ids(dsn, schema, 400)]
        for title, cut in (("one word of 3 letters", (3,)), ("3 + 2 letters", (3, 2))):
            typed = []
            for person in people:
                names = [person.last_name, person.first_name]
                chance.shuffle(names)
                words = [str(name)[:length] for name, length in zip(names, cut, strict=False)]
                typed.append(" ".join(words))
            for text in typed[:20]:  # until each statement is prepared
                engine.search(text, limit=20)
            ours = p50_p99(each_ms(lambda t=t: engine.search(t, limit=20) for t in typed))
            theirs = p50_p99(each_ms(lambda t=t: _raw_search(connection, schema, t) for t in typed))
            for number, name in enumerate(("p50", "p99")):
                goal = "at most 10 ms" if name == "p99" else ""
                row = f"search {title}, {size:,}, {name}"
                yield Row(row, ours[number], "ms", theirs[number], goal)


def _raw_search(connection: psycopg.Connection[Any], schema: str, text: str) -> list[Any]:
    first, *others = sorted(text.casefold().split(), key=len, reverse=True)
    statement = (
        "SELECT d.body FROM (SELECT n FROM pc_word WHERE word >= %s AND word < %s"
        + " AND strpos(' ' || text, %s) > 0" * len(others)
        + " ORDER BY word, text, n LIMIT 20) AS w JOIN pc_document AS d ON d.n = w.n"
    )
    values = [first, first + "\U0010ffff", *(f" {other}" for other in others)]
    return connection.execute(Statements(schema)[statement], values).fetchall()


# ---- writers


def writers(dsn: str, schema: str) -> Iterator[Row]:
    ids = _ids(dsn, schema, 1_600)
    for number in WRITERS:
        title = f"updates by {number} thread{'s' * (number > 1)} of one process"
        theirs = _by_threads(number, lambda share: _raw_writer(dsn, schema, share), ids)
        with Engine.open(
            url_of(dsn, schema), discover=False, store_options={"pool_size": 20}
        ) as engine:
            ours = _by_threads(number, lambda share, e=engine: (_updater(e, share), _nothing), ids)
        yield Row(title, ours, "/s", theirs)
    for number in WRITERS[1:]:
        theirs, ours = (_by_processes(dsn, schema, number, ids, raw=raw) for raw in (True, False))
        yield Row(f"updates by {number} processes", ours, "/s", theirs)


Writes = tuple[Callable[[int], object], Callable[[], object]]


def _nothing() -> None:
    pass


def _updater(engine: Engine, ids: list[str]) -> Callable[[int], object]:
    return lambda at: engine.update(ids[at % len(ids)], {"occupation": f"cook {at}"})


def _raw_writer(dsn: str, schema: str, ids: list[str]) -> Writes:
    """Give what runs the statements of an update, and what closes its connection."""
    names = Statements(schema)
    connection = psycopg.connect(dsn, autocommit=True)
    body, event = b"x" * 900, b"x" * 330
    own = f"raw-{ids[0]}"
    insert = names[
        "INSERT INTO pc_document VALUES (%s, 'chain', %s, 'x', 1, NULL, '', %s)"
        " ON CONFLICT DO NOTHING"
    ]
    update = names[
        "UPDATE pc_document SET version = version, body = %s WHERE kind = %s AND id = %s"
    ]
    append = names["INSERT INTO pc_event VALUES (%s, %s)"]
    connection.execute(insert, (-random.getrandbits(60) - 1, own, body))

    def write(at: int) -> None:
        id = ids[at % len(ids)]
        run = connection.execute
        run("BEGIN")
        writes, number, seq = run(names[sql.LOCK_HEAD]).fetchone()
        kept = run(names[sql.GET], ("profile", id), binary=True).fetchone()
        run(names[sql.GET], ("chain", own), binary=True).fetchone()
        run(update, (kept[4], "profile", id))
        run(append, (seq + 1, event))
        run(update, (body, "chain", own))
        run(names[sql.WRITE_HEAD], (writes + 1, number, seq + 1))
        run("COMMIT")

    def close() -> None:
        connection.execute(
            names["DELETE FROM pc_document WHERE kind = 'chain' AND id = %s"], (own,)
        )
        connection.close()

    return write, close


def _by_threads(number: int, make: Callable[[list[str]], Writes], ids: list[str]) -> float:
    """Let threads write for some seconds, each its own profiles; give writes a second."""
    made = [make(ids[n::number]) for n in range(number)]
    counts = [0] * number
    end = time.perf_counter() + SECONDS

    def work(n: int) -> None:
        while time.perf_counter() < end:
            made[n][0](counts[n])
            counts[n] += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(number)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for _, close in made:
        close()
    return sum(counts) / seconds


def _by_processes(dsn: str, schema: str, number: int, ids: list[str], *, raw: bool) -> float:
    """The same in processes, each with a connection or an engine of its own."""
    started = []
    for n in range(number):
        task = json.dumps({"dsn": dsn, "schema": schema, "ids": ids[n::number], "raw": raw})
        command = [sys.executable, "-m", "bench.postgres", "--writer", task]
        started.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    total = 0.0
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        total += float(process.communicate()[0])
    return total


def _write_as_told(task: dict[str, Any]) -> None:
    dsn, schema, ids = task["dsn"], task["schema"], task["ids"]
    engine = None
    if task["raw"]:
        writes = _raw_writer(dsn, schema, ids)
    else:
        engine = Engine.open(url_of(dsn, schema), discover=False)
        writes = (_updater(engine, ids), engine.close)
    writes[0](0)
    print("ready", flush=True)
    sys.stdin.readline()
    print(_by_threads(1, lambda _: writes, ids))


if __name__ == "__main__":
    main()
