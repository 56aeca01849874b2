"""A process is killed again and again; what it acknowledged is there, and nothing is half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

pytest.importorskip("profilecore_sqlite")

from broken_stores import sound
from crash_state import Acknowledged, Found, Story, effects
from crash_work import Intent, open_engine, perform
from markers import Finder
from soaked_stores import BY_NAME, Kind, on_kinds_for
from soaking import Soak

from profilecore import Engine
from profilecore.store import Store

pytestmark = pytest.mark.soak

Strike = Callable[[], object]
KILLS_PER_STORE = 50
ACKNOWLEDGED_AT_MOST = 30
DELAY = 0.02
SAMPLE = 25
REPEATABLE = ("create", "merge", "unmerge", "clear", "release", "stay")


class Child:
    """A process that works until it is killed; it is started early, so that it is ready."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("crash_child.py")
        # A session of its own, so that the programs it starts can be killed with it.
        self._process = subprocess.Popen(
            [sys.executable, str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def work(
        self, path: Path, store: str, random: Random, strike: Strike | None = None
    ) -> list[list[Any]]:
        """Let it work, kill it some milliseconds after an acknowledgement, give what it said.

        With ``strike``, that is done instead, and it is killed only afterwards.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"path": str(path), "store": store, "seed": random.getrandbits(48)}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        left = random.randint(1, ACKNOWLEDGED_AT_MOST)
        said = []
        for line in self._process.stdout:
            said.append(line)
            left -= '"done"' in line[:8]
            if not left:
                break
        time.sleep(random.uniform(0, DELAY))
        if strike is not None:
            strike()
        self.kill(everything=random.random() < 0.5)
        said += self._process.stdout.readlines()
        with self._process:
            pass
        whole = [json.loads(line) for line in said if line.endswith("\n")]
        assert not left, f"the process ended by itself ({self._process.returncode})"
        return whole

    def kill(self, *, everything: bool) -> None:
        """Kill it, and if so wanted the programs that it has started."""
        if everything:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Kill it unused."""
        with self._process:
            self.kill(everything=True)


@attrs.define
class Figures:
    """What a run of kills came to."""

    kills: int = 0
    acknowledged: int = 0
    under_way: Counter[str] = attrs.field(factory=Counter)
    happened: int = 0
    pending: int = 0
    jobs_continued: int = 0
    faulty: int = 0
    faults: list[str] = attrs.field(factory=list)


@attrs.define
class Place:
    """One store, and what is known about it."""

    path: Path
    opener: Callable[[Path], Store]
    acknowledged: Acknowledged = attrs.field(factory=Acknowledged)
    known: dict[bytes, Any] = attrs.field(factory=dict, repr=False)

    def find(self, engine: Engine) -> Found:
        """Read everything that the store holds now."""
        return Found(engine, self.known)

    def hear(self, said: list[list[Any]], figures: Figures) -> Intent | None:
        """Note what a process said before it was killed; give what was under way."""
        intent: Intent | None = None
        for what, value in said:
            if what == "begin":
                intent = value
            elif what == "progress":
                assert intent is not None
                self.acknowledged.add_rows(intent, value["done"])
            elif what == "done":
                assert intent is not None
                self.acknowledged.add(intent, value)
                figures.acknowledged += 1
                intent = None
        figures.under_way[intent["verb"] if intent else "nothing"] += 1
        return intent

    def words(self, random: Random, latest: int = SAMPLE) -> list[str]:
        """Give the latest rows, and some of the others."""
        known = list(self.acknowledged.words)
        return known[-latest:] + random.sample(known[:-latest], min(SAMPLE, len(known[:-latest])))


def look_after(place: Place, intent: Intent | None, random: Random, figures: Figures) -> list[str]:
    """Open a store that a killed process left, and check all that is promised of it."""
    with open_engine(place.path, place.opener) as engine:
        found = place.find(engine)
        faults = found.faults(place.acknowledged, place.words(random))
        if faults:
            return faults
        figures.pending += len(found.pending())
        if intent is not None and intent["verb"] in (*REPEATABLE, "load", "update"):
            before, again = found.story(), perform(engine, intent)
            place.acknowledged.add(intent, again)
            figures.happened += _happened(before, intent, again)
            found = place.find(engine)
            faults += _effect_differs(engine, found, intent, again)
            faults += found.faults(place.acknowledged, place.words(random))
            figures.jobs_continued += intent["verb"] == "load"
        if found.pending() and engine.store.remainder is None:
            engine.scrub()
            stay = place.find(engine).pending()
            faults += [f"receipt {id} stays pending after a scrub" for id in stay]
    return faults


def _happened(before: Story, intent: Intent, again: dict[str, Any]) -> bool:
    if intent["verb"] == "update":
        return again.get("refused") == "version-conflict"
    if intent["verb"] == "load":
        return bool(again["created"] < again["done"])
    return effects(before, intent, again) > 0


def _effect_differs(
    engine: Engine, found: Found, intent: Intent, again: dict[str, Any]
) -> list[str]:
    verb = intent["verb"]
    if verb == "load":
        done = again["done"] == len(intent["marks"])
        return [] if done else [f"a continued load did {again['done']} rows"]
    if verb == "update":
        version = engine.get(intent["id"]).version
        expected = intent["version"] + 1
        return [] if version == expected else [f"a repeated update led to version {version}"]
    if "refused" in again:
        return []
    count = effects(found.story(), intent, again)
    return [] if count == 1 else [f"a repeated {verb} took effect {count} times"]


def residue(place: Place, finder: Finder, *, is_sealed: bool) -> list[str]:
    """Check that no cleared person has left a byte, and all others can be seen, unless sealed."""
    with open_engine(place.path, place.opener) as engine:
        if not engine.store.files():
            return []
        found = place.find(engine)
        story = found.story()
        present = finder.present(engine.store.files())
        if is_sealed:
            # Among millions of sealed letters some look like a mark; hardly ever like a given one.
            seen = len(present.intersection(place.acknowledged.words))
            return [f"{seen} persons were seen"] * bool(seen)
        state = {}
        with engine.store.read() as reader:
            for word in place.acknowledged.words:
                for id in reader.find(found.terms.external("crash", word)):
                    state[word] = story.profiles[story.root(id)].state.value
    left = sum(state == "cleared" and word in present for word, state in state.items())
    unseen = sum(state != "cleared" and word not in present for word, state in state.items())
    return [f"{left} cleared persons left bytes"] * bool(left) + [
        f"{unseen} living persons were not seen"
    ] * bool(unseen)


def kill_again_and_again(
    directory: Path,
    kills: int,
    random: Random,
    store: str,
    *,
    faults_wanted: int = 1,
    strike: Strike | None = None,
) -> Figures:
    """Kill, look, go on; a fresh store now and then, and after a fault.  Enough faults end it."""
    figures = Figures()
    opener = sound(store)
    is_sealed = store in BY_NAME and BY_NAME[store].is_sealed
    place = Place(directory / "0.db", opener)
    child, spare = Child(), Child()
    try:
        with Finder() as finder:
            for number in range(1, kills + 1):
                child, spare, said = spare, Child(), child.work(place.path, store, random, strike)
                figures.kills += 1
                faults = look_after(place, place.hear(said, figures), random, figures)
                is_last = number % KILLS_PER_STORE == 0 or number == kills
                if is_last and not faults:
                    with open_engine(place.path, opener) as engine:
                        words = list(place.acknowledged.words)
                        faults += place.find(engine).faults(place.acknowledged, words)
                    faults += residue(place, finder, is_sealed=is_sealed)
                figures.faults += [f"kill {number}: {fault}" for fault in faults[:3]]
                figures.faulty += bool(faults)
                if figures.faulty == faults_wanted:
                    break
                if is_last or faults:
                    place = Place(directory / f"{number}.db", opener)
    finally:
        child.close()
        spare.close()
    return figures


@on_kinds_for("crash")
def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_done(
    soak: Soak, tmp_path: Path, kind: Kind
) -> None:
    kills = soak.size(kind.size(40), 300)
    figures = kill_again_and_again(tmp_path, kills, Random(soak.seed), kind.name)
    soak.tell(
        kills=figures.kills,
        acknowledged_operations=figures.acknowledged,
        under_way=dict(figures.under_way.most_common()),
        of_these_repeated_and_found_done=figures.happened,
        loads_continued=figures.jobs_continued,
        receipts_found_pending=figures.pending,
        faults=len(figures.faults),
    )
    assert figures.faults == []
    assert figures.kills == kills


@pytest.mark.parametrize("store", ["statement by statement", "put by put"])
def test_a_store_without_transactions_is_found_out(soak: Soak, tmp_path: Path, store: str) -> None:
    wanted = soak.size(2, 20)
    figures = kill_again_and_again(tmp_path, 100, Random(soak.seed), store, faults_wanted=wanted)
    soak.tell(store=store, kills=figures.kills, half_done_states=figures.faulty)
    assert figures.faulty > 0
