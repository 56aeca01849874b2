"""The work that is interrupted: random verbs, each described before it is done, so that whoever
finds the store afterwards knows what was under way and can repeat it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from markers import marks

from profilecore import Engine, Merge, Profile, ProfilecoreError
from profilecore.codec import Codec
from profilecore.engine import loading, preparing
from profilecore.model.documents import Hold
from profilecore.model.enums import State
from profilecore.store import Store

Intent = dict[str, Any]
Result = dict[str, Any]
Tell = Callable[[Result], object]

SYSTEM = "crash"
LOAD_ROWS = 25
ALL = 1_000_000
WEIGHTS = {
    "create": 22, "update": 22, "merge": 14, "unmerge": 6, "clear": 6, "hold": 7, "release": 5,
    "stay": 7, "attach": 5, "detach": 2, "load": 3,
}  # fmt: skip


def open_engine(path: Path, opener: Callable[[Path], Store]) -> Engine:
    """Open an engine that loads in small batches, so that a load is many transactions."""
    preparing.CHUNK, loading.BATCH = 5, 10
    return Engine(opener(path), discover=False)


def row(word: str, number: str, external: str = SYSTEM) -> dict[str, Any]:
    """Give a person whose every value ends in a mark."""
    return {
        "first_name": f"Ana{word}",
        "last_name": f"De{word}",
        "emails": [{"value": f"mail.{word}@example.com", "primary": True}],
        "phones": [f"+49{number}"],
        "occupation": f"0 {word}",
        "documents": [{"type": "passport", "country": "DE", "number": f"X{word}"}],
        "addresses": [{"line1": f"Calle {word}", "city": "Berlin", "country": "DE"}],
        "notes": [{"text": f"likes {word}"}],
        "external_ids": [{"system": external, "value": word}],
    }


def perform(engine: Engine, intent: Intent, tell: Tell = lambda _: None) -> Result:
    """Do what an intent describes; a refusal is a result, too."""
    try:
        return _VERBS[intent["verb"]](engine, intent, tell)
    except ProfilecoreError as error:
        return {"refused": error.code}


def _create(engine: Engine, intent: Intent, _: Tell) -> Result:
    made = engine.create(row(*intent["marks"]), key=intent["key"])
    return {"id": made.id, "version": made.version}


def _update(engine: Engine, intent: Intent, _: Tell) -> Result:
    values = intent["values"]
    made = engine.update(intent["id"], values, if_version=intent["version"])
    return {"id": made.id, "version": made.version}


def _merge(engine: Engine, intent: Intent, _: Tell) -> Result:
    plan = engine.plan_merge(intent["survivor"], intent["others"])
    merge = engine.merge(plan, key=intent["key"])
    return {"id": merge.id, "survivor": merge.survivor_id}


def _unmerge(engine: Engine, intent: Intent, _: Tell) -> Result:
    return {"id": engine.unmerge(intent["merge"]).merge_id}


def _clear(engine: Engine, intent: Intent, _: Tell) -> Result:
    receipt = engine.clear(intent["id"])
    return {"id": receipt.id, "status": receipt.status.value, "family": receipt.cleared_ids}


def _hold(engine: Engine, intent: Intent, _: Tell) -> Result:
    return {"id": engine.place_hold(intent["id"], kind="open-bill", ref=intent["ref"]).id}


def _release(engine: Engine, intent: Intent, _: Tell) -> Result:
    return {"id": engine.release_hold(intent["hold"]).id}


def _stay(engine: Engine, intent: Intent, _: Tell) -> Result:
    stay = {"property_id": "P1", "reference": intent["ref"], "arrival": "2026-05-01"}
    return {"id": engine.record_stay(intent["id"], stay).id}


def _attach(engine: Engine, intent: Intent, _: Tell) -> Result:
    content = b"%PDF-" + intent["ref"].encode() * 2_000
    return {"id": engine.attach(intent["id"], f"{intent['ref']}.pdf", content).id}


def _detach(engine: Engine, intent: Intent, _: Tell) -> Result:
    engine.detach(intent["file"])
    return {"id": intent["file"]}


def _load(engine: Engine, intent: Intent, tell: Tell) -> Result:
    report = engine.load(
        (row(*pair) for pair in intent["marks"]),
        source=SYSTEM,
        job=intent["job"],
        workers=0,
        on_progress=lambda so_far: tell({"done": so_far.done}),
    )
    return {"done": report.done, "created": report.created, "unchanged": report.unchanged}


_VERBS: dict[str, Callable[[Engine, Intent, Tell], Result]] = {
    "create": _create, "update": _update, "merge": _merge, "unmerge": _unmerge, "clear": _clear,
    "hold": _hold, "release": _release, "stay": _stay, "attach": _attach, "detach": _detach,
    "load": _load,
}  # fmt: skip


class Chooser:
    """Chooses what to do next among what the store holds."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self._engine = engine
        self._random = Random(seed)
        self._marks = marks(self._random)
        codec = Codec()
        with engine.store.read() as reader:
            profiles = [codec.load(Profile, d.body) for d in reader.listing("profile", None, ALL)]
            merges = [codec.load(Merge, d.body) for d in reader.listing("merge", None, ALL)]
            holds = [codec.load(Hold, d.body) for d in reader.listing("hold", None, ALL)]
            self._files = [d.id for d in reader.listing("file", None, ALL)]
        self._ids = [p.id for p in profiles if p.state is State.ACTIVE]
        self._merges = [(m.survivor_id, m.id) for m in merges if m.undone is None]
        self._holds = [h.id for h in holds if h.is_open]

    def intents(self) -> Iterator[Intent]:
        """Yield what to do, for ever; ``done`` is told what came of it."""
        verbs, weights = list(WEIGHTS), list(WEIGHTS.values())
        for number in range(ALL):
            verb = self._random.choices(verbs, weights)[0]
            intent = getattr(self, f"_{verb}")(f"{self._random.getrandbits(48)}-{number}")
            if intent is not None:
                yield {"verb": verb, **intent}

    def done(self, intent: Intent, result: Result) -> None:
        """Learn what came of an intent."""
        if "refused" in result:
            return
        verb, id = intent["verb"], result.get("id")
        if verb == "create":
            self._ids.append(id)
        elif verb == "merge":
            self._merges.append((result["survivor"], id))
        elif verb in ("hold", "attach"):
            {"hold": self._holds, "attach": self._files}[verb].append(id)

    def _any(self, ids: list[str], *, take: bool = False) -> str | None:
        if not ids:
            return None
        place = self._random.randrange(len(ids))
        return ids.pop(place) if take else ids[place]

    def _create(self, key: str) -> Intent:
        return {"key": key, "marks": next(self._marks)}

    def _living(self) -> Profile | None:
        id = self._any(self._ids)
        profile = id and self._engine.get(id)
        return profile if profile and profile.state is State.ACTIVE else None

    def _update(self, key: str) -> Intent | None:
        profile = self._living()
        if profile is None:
            return None
        values = {"occupation": key, "company_name": f"{key} inc", "title": "mx"}
        return {"id": profile.id, "version": profile.version, "values": values}

    def _merge(self, key: str) -> Intent | None:
        ids = [id for _ in range(self._random.choice((2, 2, 3))) if (id := self._any(self._ids))]
        if len(ids) < 2:
            return None
        return {"survivor": ids[0], "others": ids[1:], "key": key}

    def _unmerge(self, _: str) -> Intent | None:
        # The newest into a survivor: undone out of turn, an earlier one leaves names behind.
        newest = dict(self._merges)
        survivor = self._any(list(newest))
        if survivor is None:
            return None
        self._merges.remove((survivor, newest[survivor]))
        return {"merge": newest[survivor]}

    def _clear(self, _: str) -> Intent | None:
        id = self._any(self._ids)
        return id and {"id": id}

    def _of_a_person(self, key: str) -> Intent | None:
        profile = self._living()
        return profile and {"id": profile.id, "ref": key}

    _hold = _stay = _attach = _of_a_person

    def _release(self, _: str) -> Intent | None:
        id = self._any(self._holds, take=True)
        return id and {"hold": id}

    def _detach(self, _: str) -> Intent | None:
        id = self._any(self._files, take=True)
        return id and {"file": id}

    def _load(self, key: str) -> Intent:
        return {"job": key, "marks": [next(self._marks) for _ in range(LOAD_ROWS)]}
