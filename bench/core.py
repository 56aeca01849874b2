"""The engine on the SQLite store: import, get, search, single writes, clear, start-up."""

from __future__ import annotations

import functools
import operator
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from bench import raw
from bench.due import DUE, dues
from bench.rows import Row, each_ms, p50_p99, rate
from profilecore import Engine, hookimpl
from profilecore.engine.residue import scan
from profilecore.rules.traces import leading
from profilecore.testing.guests import profile_rows

INSERT = "INSERT INTO pc_document (kind, id, owner, version, terms, body) VALUES (?, ?, ?, 1, ?, ?)"
# Of so few as 20 the p99 would be the worst, and hang on whether a checkpoint fell among them.
PENDING = 400


def run(folder: Path, size: int, big: int) -> Iterator[Row]:
    """Yield all rows; ``big`` is the size of the large store, 0 for none."""
    yield from startup()
    rows = written(folder / "small.jsonl", size)
    rates = [load(folder / f"small{number}.db", rows, size) for number in range(3)]
    small = folder / "small0.db"
    raw_rate = raw.import_rate(small, folder / "raw.db")
    goal = "10,000/s, or 0.6 of raw"
    yield Row(
        f"import of {size:,} profiles", statistics.median(rates), "profiles/s", raw_rate, goal
    )
    yield from reads(small, size)
    yield from writes(small, size)
    yield from clears(small, size, "at most 1.5 s")
    yield from searches_for_residue(small, size)
    yield from dues(small, _ids(small, min(DUE, size // 10) + 1), size)
    if big:
        large = folder / "large.db"
        large_rate = load(large, written(folder / "large.jsonl", big), big)
        # The machine may be faster or slower by then, for a large one takes minutes.
        rates += [load(folder / f"small{number}.db", rows, size) for number in range(3, 6)]
        share = large_rate / statistics.median(rates)
        yield Row(
            f"import of {big:,} profiles", large_rate, "profiles/s", None,
            f"at least 0.8 of the {size:,} rate (here {share:.2f})",
        )  # fmt: skip
        yield from searches(large, big)
        yield from clears(large, big, "at most 15 s; better 1 s")
        yield from searches_for_residue(large, big)
        yield from dues(large, _ids(large, DUE + 1), big)


def written(file: Path, size: int) -> Path:
    """Write guests as JSON lines; give the file."""
    with file.open("wb") as out:
        out.writelines(msgspec.json.encode(row) + b"\n" for row in profile_rows(size, 1))
    return file


def load(path: Path, file: Path, size: int) -> float:
    """Fill a store from a file of JSON lines; give profiles a second, its reading included."""
    with Engine.open(f"sqlite:///{path}", discover=False) as engine:
        began = time.perf_counter()
        with file.open("rb") as lines:
            report = engine.load(lines, source="pms", convert=msgspec.json.decode)
        seconds = time.perf_counter() - began
    assert report.created == size, report
    return size / seconds


def reads(path: Path, size: int) -> Iterator[Row]:
    with Engine.open(f"sqlite:///{path}", discover=False) as engine:
        ids = _ids(path, 4_000)
        connection = raw.connect(path)
        sql = "SELECT body FROM pc_document WHERE kind = 'profile' AND id = ?"
        theirs = rate(lambda id=id: connection.execute(sql, (id,)).fetchone() for id in ids)
        ours = rate(lambda id=id: engine.get(id) for id in ids)
        yield Row(f"get by id, {size:,}", ours, "gets/s", theirs, "at least 15,000/s decoded")
        connection.close()


def searches(path: Path, size: int) -> Iterator[Row]:
    chance = random.Random(7)
    with Engine.open(f"sqlite:///{path}", discover=False) as engine:
        people = [engine.get(id) for id in _ids(path, 400)]
        connection = raw.connect(path)
        for title, cut in (("one word of 3 letters", (3,)), ("3 + 2 letters", (3, 2))):
            typed = []
            for person in people:
                names = [person.last_name, person.first_name]
                chance.shuffle(names)
                words = [str(name)[:length] for name, length in zip(names, cut, strict=False)]
                typed.append(" ".join(words))
            ours = p50_p99(each_ms(lambda t=t: engine.search(t, limit=20) for t in typed))
            theirs = p50_p99(each_ms(lambda t=t: _raw_search(connection, t) for t in typed))
            for number, name in enumerate(("p50", "p99")):
                goal = "p99 at most 5 ms" if name == "p99" else ""
                yield Row(
                    f"search {title}, {size:,}, {name}", ours[number], "ms", theirs[number], goal
                )
        connection.close()


def _raw_search(connection: Any, text: str) -> list[Any]:
    first, *others = sorted(text.casefold().split(), key=len, reverse=True)
    sql = (
        "SELECT d.body FROM pc_word w CROSS JOIN pc_document d ON d.n = w.n"
        " WHERE w.word >= ? AND w.word < ?"
    )
    values = [first, first + "\U0010ffff"]
    for other in others:
        sql += " AND instr(' ' || w.text, ?) > 0"
        values.append(" " + other)
    found: list[Any] = connection.execute(f"{sql} LIMIT 20", values).fetchall()
    return found


def writes(path: Path, size: int, number: int = 400) -> Iterator[Row]:
    ids = _ids(path, number)
    fresh = [
        {k: v for k, v in row.items() if k != "external_ids"} for row in profile_rows(number, 99)
    ]
    connection = raw.connect(path)
    body = b"x" * 880
    keys = [(n * 7919, n) for n in range(number * 9)]

    def raw_create(at: int) -> None:
        statements: list[tuple[str, tuple[Any, ...]]] = [
            (INSERT, ("raw", f"raw{at}", f"raw{at}", b"x" * 200, body)),
            ("INSERT INTO pc_event (body) VALUES (?)", (b"x" * 150,)),
        ]
        for offset in range(6):
            h, n = keys[at * 6 + offset]
            statements.append(("INSERT OR IGNORE INTO pc_key VALUES (?, ?)", (h, -n - 1)))
            word = (f"w{h:x}", "raw raw", -n - 1)
            statements.append(("INSERT OR IGNORE INTO pc_word VALUES (?, ?, ?)", word))
        raw.one_write(connection, statements)

    def raw_update(at: int) -> None:
        update = "UPDATE pc_document SET version = version + 1, body = ? WHERE kind = ? AND id = ?"
        event = ("INSERT INTO pc_event (body) VALUES (?)", (b"x" * 150,))
        raw.one_write(connection, [(update, (body, "raw", f"raw{at}")), event])

    with Engine.open(f"sqlite:///{path}", discover=False) as engine:
        theirs = rate(lambda n=n: raw_create(n) for n in range(number))
        ours = rate(lambda row=row: engine.create(row) for row in fresh)
        yield Row(f"create one, {size:,}", ours, "/s", theirs)
        theirs = rate(lambda n=n: raw_update(n) for n in range(number))
        ours = rate(lambda id=id: engine.update(id, {"occupation": "cook"}) for id in ids)
        yield Row(f"update one, {size:,}", ours, "/s", theirs)
        pairs = list(zip(ids[::2], ids[1::2], strict=True))
        ours = rate(lambda p=p: engine.merge(engine.plan_merge(p[0], [p[1]])) for p in pairs)
        yield Row(f"plan and merge two, {size:,}", ours, "/s", theirs / 3)
        ours = rate(
            lambda m=m: engine.unmerge(m.id) for m in [engine.merges(pair[0])[-1] for pair in pairs]
        )
        yield Row(f"unmerge, {size:,}", ours, "/s", theirs / 3)
    connection.execute("DELETE FROM pc_document WHERE kind = 'raw'")
    connection.execute("DELETE FROM pc_key WHERE n < 0")
    connection.execute("DELETE FROM pc_word WHERE n < 0")
    connection.close()


def clears(path: Path, size: int, goal: str) -> Iterator[Row]:
    ids = _ids(path, PENDING + 10)
    url = f"sqlite:///{path}"
    with Engine.open(url, discover=False, config={"profilecore": {"scrub": "deferred"}}) as engine:
        pending = p50_p99(each_ms(lambda id=id: engine.clear(id) for id in ids[:PENDING]))
        yield Row(f"clear to pending, {size:,}, p99", pending[1], "ms", None, "at most 10 ms")
        began = time.perf_counter()
        assert engine.scrub() == PENDING
        first = time.perf_counter() - began
        yield Row(f"first scrub, for {PENDING} clears, {size:,}", first, "s", None, goal)
    with Engine.open(url, discover=False) as engine:
        erased = p50_p99(each_ms(lambda id=id: engine.clear(id) for id in ids[PENDING:]))
        yield Row(f"clear to erased, {size:,}, p50", erased[0] / 1e3, "s", None, goal)
    connection = raw.connect(path)
    began = time.perf_counter()
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    yield Row(f"(VACUUM of the same file, {size:,})", time.perf_counter() - began, "s")
    connection.close()


def searches_for_residue(path: Path, size: int) -> Iterator[Row]:
    """Clear some guests and search for what is left; the peer reads the same files once."""
    ids = _ids(path, 21)
    with Engine.open(f"sqlite:///{path}", discover=False) as engine:
        one, *others = [engine.fingerprints(id) for id in ids]
        with engine.transaction():
            for id in ids:
                engine.clear(id)
        many = functools.reduce(operator.or_, others)
        for title, asked in (("one guest", one), ("20 guests", many)):
            values = leading(trace.value for trace in asked)
            theirs = _read_speed(engine.store.files())
            began = time.perf_counter()
            read, found = scan(engine.store.files(), values)
            speed = read / 1e6 / (time.perf_counter() - began)
            name = f"search for {len(values)} fingerprints of {title}, {size:,} (beside a read)"
            yield Row(name, speed, "MB/s", theirs)
            began = time.perf_counter()
            residue = engine.residue(asked)
            assert not residue.found, residue
            assert len(found) <= len(residue.shared)
            seconds = time.perf_counter() - began
            name = f"proof for {title}, {len(residue.shared)} shared, {size:,}"
            yield Row(name, seconds, "s")


def _read_speed(paths: Iterable[Path]) -> float:
    """Read files in a process of its own, as the search does; give MB a second."""
    code = """
import sys, time
began, read = time.perf_counter(), 0
for path in sys.argv[1:]:
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            read += len(block)
print(read / 1e6 / (time.perf_counter() - began))
"""
    command = [sys.executable, "-I", "-S", "-c", code, *map(str, paths)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def _ids(path: Path, number: int) -> list[str]:
    """Give ids of active profiles, chosen at random."""
    connection = raw.connect(path)
    sql = (
        "SELECT id FROM pc_document WHERE kind = 'profile' AND id GLOB '0*'"
        " AND instr(body, ?) = 0 ORDER BY n"
    )
    ids = [id for (id,) in connection.execute(sql, (b'"state"',))]
    connection.close()
    return random.Random(5).sample(ids, number)


def startup() -> Iterator[Row]:
    yield Row("import profilecore", _import_ms("import profilecore"), "ms", None, "at most 100 ms")
    yield Row("import its Engine too", _import_ms("from profilecore import Engine"), "ms")
    plugins = []
    for number in range(10):
        plugin = SimpleNamespace(name=f"plugin-{number}")
        plugin.profilecore_on_event = hookimpl(lambda event: None)
        plugins.append(plugin)
    times = each_ms(
        lambda: Engine.open("memory://", discover=False, plugins=plugins).close() for _ in range(20)
    )
    yield Row("engine with ten plugins", p50_p99(times)[0], "ms", None, "at most 20 ms")


def _import_ms(statement: str) -> float:
    """Give the median time that a statement takes in fresh interpreters."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    with tempfile.TemporaryDirectory() as cache:
        # As installed: with its compiled modules, made by the first of the runs.
        settings = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": cache}
        command = [sys.executable, "-c", code]
        runs = [
            subprocess.run(command, capture_output=True, check=True, env=settings)
            for _ in range(12)
        ]
    return statistics.median(float(run.stdout) for run in runs[1:]) * 1e3
