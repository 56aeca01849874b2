"""A request that is repeated has one effect, also after a kill between commit and answer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import attrs
import pytest

pytest.importorskip("profilecore_sqlite")

from broken_stores import OutcomesForgotten, broken
from crash_state import EVENTS
from crash_work import Intent, Result, open_engine, perform, row
from markers import marks
from soaked_stores import BY_NAME, Kind, on_kinds_for
from soaking import Soak

from profilecore import Engine, Event
from profilecore.store import Store

pytestmark = pytest.mark.soak

KEYED = ("create", "merge")
VERBS = (*KEYED, *KEYED, "update", "unmerge", "clear", "release", "stay", "load")
EFFECTS = EVENTS | {"update": "profile.updated", "load": "profile.created"}
PER_STORE = 250


class Doomed:
    """Has things done by processes that are killed once they have done them."""

    def __init__(self, path: Path, store: str) -> None:
        self._path, self._store = path, store
        program = Path(__file__).with_name("idempotency_child.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, intent: Intent, commits: int) -> bool:
        """Have something done; tell whether the process was killed after that many commits."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {
            "path": str(self._path), "store": self._store, "intent": intent, "commits": commits,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()) == signal.SIGKILL

    def close(self) -> None:
        """End the program."""
        self._process.communicate()


class Cases:
    """Makes requests, each with what it needs: people, a merge, a hold."""

    def __init__(self, engine: Engine, random: Random) -> None:
        self._engine = engine
        self._random = random
        self._marks = marks(random)

    def make(self, verb: str) -> Intent:
        """Give a request that has not been made yet."""
        key = f"{self._random.getrandbits(64)}"
        return {"verb": verb, "key": key, **getattr(self, f"_{verb}")(key)}

    def _person(self) -> str:
        return self._engine.create(row(*next(self._marks))).id

    def _merged(self, survivor: str, loser: str) -> str:
        return self._engine.merge(self._engine.plan_merge(survivor, [loser])).id

    def _alias(self) -> str:
        """Give an id of a person, now and then one that was merged away."""
        id = self._person()
        if self._random.random() < 0.6:
            return id
        loser = self._person()
        self._merged(id, loser)
        return loser

    def _create(self, key: str) -> Intent:
        return {"marks": next(self._marks)}

    def _update(self, key: str) -> Intent:
        id = self._alias()
        version = self._engine.get(id).version
        return {"id": id, "version": version, "values": {"occupation": key, "company_name": key}}

    def _merge(self, _: str) -> Intent:
        return {"survivor": self._alias(), "others": [self._alias(), self._alias()]}

    def _unmerge(self, _: str) -> Intent:
        return {"merge": self._merged(self._person(), self._person())}

    def _clear(self, _: str) -> Intent:
        return {"id": self._alias()}

    def _release(self, _: str) -> Intent:
        return {"hold": self._engine.place_hold(self._person(), kind="open-bill").id}

    def _stay(self, key: str) -> Intent:
        return {"id": self._alias(), "ref": key}

    def _load(self, key: str) -> Intent:
        count = self._random.choice((5, 20, 25))
        return {"job": key, "marks": [next(self._marks) for _ in range(count)]}


@attrs.define
class Figures:
    """What the repeats came to."""

    requests: Counter[str] = attrs.field(factory=Counter)
    killed: int = 0
    repeats: int = 0
    refused: int = 0
    faults: list[str] = attrs.field(factory=list)


@contextmanager
def everything_ready(
    path: Path, opener: Callable[[Path], Store], store: str
) -> Iterator[tuple[Engine, Doomed]]:
    with open_engine(path, opener) as engine:
        doomed = Doomed(path, store)
        try:
            yield engine, doomed
        finally:
            doomed.close()


def repeat(
    directory: Path, opener: Callable[[Path], Store], requests: int, random: Random, kind: Kind
) -> Figures:
    """Make requests and repeat each, half of them after a kill where a store outlives it."""
    is_killed = "answers lost" not in kind.omits
    figures = Figures()
    for first in range(0, requests, PER_STORE):
        with everything_ready(directory / f"{first}.db", opener, kind.name) as (engine, doomed):
            cases = Cases(engine, random)
            for _ in range(min(PER_STORE, requests - first)):
                one(engine, doomed if is_killed else None, cases, random, figures)
            figures.faults += engine.store.check()
    return figures


def one(
    engine: Engine, doomed: Doomed | None, cases: Cases, random: Random, figures: Figures
) -> None:
    """Make one request, repeat it, and count its effects."""
    verb = random.choice(VERBS)
    intent = cases.make(verb)
    before = last_event(engine)
    figures.requests[verb] += 1
    answers: list[Result] = []
    if random.random() < 0.5 and doomed is not None:
        several = {"clear": 2, "load": len(intent.get("marks", ())) // 10 + 1}
        figures.killed += doomed.do(intent, random.randint(1, several.get(verb, 1)))
    else:
        answers.append(perform(engine, intent))
    for _ in range(random.randint(1, 3)):
        answers.append(perform(engine, intent))
        figures.repeats += 1
    events = [e for e in events_after(engine, before) if e.type == EFFECTS[verb]]
    faults = list(differences(intent, answers, events))
    if verb in KEYED:
        other = cases.make(verb) | {"key": intent["key"]}
        refused = perform(engine, other).get("refused") == "idempotency-conflict"
        figures.refused += refused
        if not refused:
            faults.append("another request under the same key was not refused")
    figures.faults += [f"{verb}: {fault}" for fault in faults]


def differences(intent: Intent, answers: list[Result], events: list[Event]) -> Iterator[str]:
    """Tell where a repeat did something, or was answered otherwise than the first request."""
    verb = intent["verb"]
    refusals = {answer.get("refused") for answer in answers}
    if verb == "load":
        rows = len(intent["marks"])
        if len(events) != rows or any(answer["done"] != rows for answer in answers):
            yield f"{len(events)} effects of {rows} rows"
        return
    if verb == "update":
        # Without a key: the version tells the second request that it was done.
        if not refusals <= {None, "version-conflict"} or len(events) != 1:
            yield f"{len(events)} effects, {refusals}"
        return
    if refusals != {None}:
        yield f"refused: {refusals}"
    if len({answer.get("id") for answer in answers}) != 1:
        yield "another answer"
    if len(events) != 1:
        yield f"{len(events)} effects"


def last_event(engine: Engine) -> int:
    return len(events_after(engine, 0))


def events_after(engine: Engine, seq: int) -> list[Event]:
    with engine.store.read() as reader:
        return reader.events(seq, 1_000_000)


@on_kinds_for("idempotency")
def test_a_repeated_request_has_one_effect(soak: Soak, tmp_path: Path, kind: Kind) -> None:
    requests = soak.size(kind.size(100), 2_000)
    figures = repeat(tmp_path, kind.open, requests, Random(soak.seed), kind)
    soak.tell(
        requests=sum(figures.requests.values()),
        of_each=dict(figures.requests),
        killed_between_commit_and_answer=figures.killed,
        repeats=figures.repeats,
        other_requests_refused=figures.refused,
        faults=len(figures.faults),
    )
    assert figures.faults == []


def test_a_store_that_forgets_what_was_done_is_found_out(soak: Soak, tmp_path: Path) -> None:
    sqlite = BY_NAME["sqlite"]
    figures = repeat(tmp_path, broken(OutcomesForgotten), 30, Random(soak.seed), sqlite)
    soak.tell(requests=sum(figures.requests.values()), faults=len(figures.faults))
    assert figures.faults != []
