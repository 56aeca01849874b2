"""What must be true of a store found after a crash.

The event feed is played back into what it tells, and everything stored must agree with it:
an operation whose events are there is there whole, one whose events are not has left nothing.
What was acknowledged must be in the feed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
from crash_work import ALL, SYSTEM, Intent, Result

from profilecore import Engine, Event, Merge, Profile, Receipt, Stay
from profilecore.codec import Codec
from profilecore.engine.scrubbing import as_it_stands
from profilecore.model.documents import FileRecord, Hold, ReceiptStatus
from profilecore.model.enums import State
from profilecore.model.fields import cleared
from profilecore.rules.terms import TermMaker
from profilecore.store import Reader

Faults = Iterator[str]


@attrs.define
class Told:
    """A profile as the feed tells it."""

    version: int = 1
    state: State = State.ACTIVE
    merged_into: str | None = None


@attrs.define
class Story:
    """Everything that the feed tells."""

    profiles: dict[str, Told] = attrs.field(factory=dict)
    merges: dict[str, tuple[str, tuple[str, ...]]] = attrs.field(factory=dict)
    undone: set[str] = attrs.field(factory=set)
    owners: dict[tuple[str, str], str] = attrs.field(factory=dict)
    released: set[str] = attrs.field(factory=set)
    receipts: dict[str, tuple[tuple[str, ...], ReceiptStatus]] = attrs.field(factory=dict)
    seen: dict[tuple[str, str | None], int] = attrs.field(factory=dict)
    gone_files: set[str] = attrs.field(factory=set)

    def read(self, events: Iterable[Event]) -> Story:
        """Play events back."""
        for event in events:
            slot = (event.type, event.subject or event.profile_id)
            self.seen[slot] = self.seen.get(slot, 0) + 1
            kind, _, what = event.type.partition(".")
            getattr(self, f"_{kind}_{what}")(event)
        return self

    def root(self, id: str) -> str:
        """Give the id that another stands for."""
        while (into := self.profiles[id].merged_into) is not None:
            id = into
        return id

    def absorbed(self) -> dict[str, set[str]]:
        """Give for each root the other ids that stand for it."""
        families: dict[str, set[str]] = {}
        for id in self.profiles:
            root = self.root(id)
            families.setdefault(root, set()).update({id} - {root})
        return families

    def _profile_created(self, event: Event) -> None:
        self.profiles[event.profile_id] = Told()

    def _profile_updated(self, event: Event) -> None:
        self.profiles[event.profile_id].version += 1

    def _profiles_merged(self, event: Event) -> None:
        assert event.subject is not None
        self.profiles[event.profile_id].version += 1
        for id in event.related:
            version = self.profiles[id].version + 1
            self.profiles[id] = Told(version, State.MERGED, event.profile_id)
        self.merges[event.subject] = (event.profile_id, event.related)
        self.owners["merge", event.subject] = event.profile_id

    def _merge_undone(self, event: Event) -> None:
        assert event.subject is not None
        self.profiles[event.profile_id].version += 1
        for id in event.related:
            self.profiles[id] = Told(self.profiles[id].version + 1)
        self.undone.add(event.subject)

    def _profile_cleared(self, event: Event) -> None:
        assert event.subject is not None
        family = (event.profile_id, *event.related)
        for id in family:
            told = self.profiles[id]
            self.profiles[id] = Told(told.version + 1, State.CLEARED, told.merged_into)
        self.receipts[event.subject] = (family, ReceiptStatus.PENDING)
        for kind, id in [slot for slot, owner in self.owners.items() if owner in family]:
            if kind != "stay":
                del self.owners[kind, id]
            if kind == "file":
                self.gone_files.add(id)

    def _profile_erased(self, event: Event) -> None:
        assert event.subject is not None
        family, _ = self.receipts[event.subject]
        self.receipts[event.subject] = (family, ReceiptStatus.ERASED)

    def _hold_placed(self, event: Event) -> None:
        self._own("hold", event)

    def _hold_released(self, event: Event) -> None:
        assert event.subject is not None
        self.released.add(event.subject)

    def _stay_recorded(self, event: Event) -> None:
        self._own("stay", event)

    def _file_attached(self, event: Event) -> None:
        self._own("file", event)

    def _file_detached(self, event: Event) -> None:
        assert event.subject is not None
        del self.owners["file", event.subject]
        self.gone_files.add(event.subject)

    def _own(self, kind: str, event: Event) -> None:
        assert event.subject is not None
        self.owners.setdefault((kind, event.subject), event.profile_id)


@attrs.define
class Acknowledged:
    """What the killed processes said was done, and the rows that they took in."""

    done: list[tuple[Intent, Result]] = attrs.field(factory=list)
    words: dict[str, str | None] = attrs.field(factory=dict)

    def add(self, intent: Intent, result: Result) -> None:
        """Note an acknowledgement."""
        self.done.append((intent, result))
        if intent["verb"] == "create" and "id" in result:
            self.words[intent["marks"][0]] = result["id"]
        if intent["verb"] == "load":  # one that the store left says no more than its progress
            self.add_rows(intent, result.get("done", 0))

    def add_rows(self, intent: Intent, done: int) -> None:
        """Note how many rows of a load are in."""
        self.words |= dict.fromkeys((word for word, _ in intent["marks"][:done]), None)


class Found:
    """A store as it was found.  ``known`` keeps what was decoded before."""

    def __init__(self, engine: Engine, known: dict[bytes, Any]) -> None:
        self.engine = engine
        self.codec = Codec()
        self._known = known
        self.terms = TermMaker(engine.store.salt)
        with engine.store.read() as reader:
            self.events = reader.events(0, ALL)
            self.has_gaps = [e.seq for e in self.events] != list(range(1, len(self.events) + 1))
            self.profiles = dict(self._listed(reader, "profile", Profile))
            self.stored: dict[str, Mapping[str, Any]] = {
                kind: dict(self._listed(reader, kind, cls))
                for kind, cls in (
                    ("merge", Merge), ("hold", Hold), ("stay", Stay), ("file", FileRecord),
                    ("receipt", Receipt),
                )
            }  # fmt: skip
            self.stored["receipt"] = {
                id: as_it_stands(engine._kernel, reader, receipt)
                for id, receipt in self.stored["receipt"].items()
            }
            self.blobs = {id: reader.blob(id) for id in self.stored["file"]}

    def _listed(self, reader: Reader, kind: str, cls: type[Any]) -> Iterator[tuple[str, Any]]:
        for document in reader.listing(kind, None, ALL):
            value = self._known.get(document.body)
            if value is None:
                value = self._known[document.body] = self.codec.load(cls, document.body)
            yield document.id, value

    def story(self) -> Story:
        """Play the feed back."""
        return Story().read(self.events)

    def pending(self) -> list[str]:
        """Give the receipts that are pending."""
        receipts = self.stored["receipt"]
        return [id for id, r in receipts.items() if r.status is ReceiptStatus.PENDING]

    def faults(self, acknowledged: Acknowledged, words: Iterable[str]) -> list[str]:
        """Give a line per fault."""
        if self.has_gaps:
            return ["the feed has gaps"]
        try:
            story = self.story()
        except KeyError as missing:
            return [f"the feed tells of something it never began: {missing}"]
        return [
            *self.engine.store.check(),
            *map(repr, self.engine.verify()),
            *self._profiles_differ(story),
            *self._documents_differ(story),
            *self._clears_are_half_done(story),
            *_lost(story, acknowledged),
            *self._values_are_lost(acknowledged),
            *self._found_wrongly(story, acknowledged, words),
        ]

    def _profiles_differ(self, story: Story) -> Faults:
        for id in self.profiles.keys() ^ story.profiles.keys():
            yield f"profile {id} is in the store or in the feed only"
        families = story.absorbed()
        for id in self.profiles.keys() & story.profiles.keys():
            stored, told = self.profiles[id], story.profiles[id]
            if (stored.version, stored.state, stored.merged_into) != attrs.astuple(told):
                yield f"{stored!r} is not as the feed tells: {told!r}"
            if stored.merged_into is None and families.get(id) != set(stored.absorbed):
                yield f"{stored!r} has not absorbed what was merged into it"

    def _documents_differ(self, story: Story) -> Faults:
        told = set(story.owners)
        stored = {(k, id) for k, found in self.stored.items() if k != "receipt" for id in found}
        for kind, id in told ^ stored:
            yield f"{kind} {id} is in the store or in the feed only"
        for id, merge in self.stored["merge"].items():
            if story.merges.get(id) != (merge.survivor_id, merge.loser_ids):
                yield f"{merge!r} is not as the feed tells"
            if (merge.undone is not None) != (id in story.undone):
                yield f"{merge!r} is undone in the store or in the feed only"
        for id, hold in self.stored["hold"].items():
            if hold.is_open == (id in story.released):
                yield f"hold {id} is released in the store or in the feed only"
        for id, file in self.stored["file"].items():
            if len(self.blobs[id] or b"") != file.size:
                yield f"file {id} has not its bytes"
        with self.engine.store.read() as reader:
            for id in story.gone_files:
                if reader.blob(id) is not None:
                    yield f"file {id} is gone and its bytes are not"

    def _clears_are_half_done(self, story: Story) -> Faults:
        receipts = self.stored["receipt"]
        if receipts.keys() != story.receipts.keys():
            yield "receipts are in the store or in the feed only"
        for id, receipt in receipts.items():
            if (receipt.cleared_ids, receipt.status) != story.receipts.get(id):
                yield f"receipt {id} is not as the feed tells"
        for profile in self.profiles.values():
            if profile.state is State.CLEARED and cleared(profile) != profile:
                yield f"{profile!r} still has values"
        gone = {id for family, _ in story.receipts.values() for id in family}
        for id, stay in self.stored["stay"].items():
            if story.owners.get(("stay", id)) in gone and cleared(stay) != stay:
                yield f"{stay!r} of a cleared person still has values"

    def _values_are_lost(self, acknowledged: Acknowledged) -> Faults:
        for intent, result in acknowledged.done:
            if intent["verb"] != "update" or "refused" in result:
                continue
            profile = self.profiles.get(result["id"])
            if profile is not None and profile.version == result["version"]:
                values = intent["values"]
                if (profile.occupation, profile.company_name) != (
                    values["occupation"], values["company_name"],
                ):  # fmt: skip
                    yield f"{profile!r} has lost an acknowledged value"

    def _found_wrongly(
        self, story: Story, acknowledged: Acknowledged, words: Iterable[str]
    ) -> Faults:
        for word in words:
            with self.engine.store.read() as reader:
                ids = reader.find(self.terms.external(SYSTEM, word))
            roots = {story.root(id) for id in ids if id in story.profiles}
            if len(roots) != 1:
                yield f"a row is there {len(roots)} times"
                continue
            created, (root,) = acknowledged.words.get(word), roots
            if created is not None and story.root(created) != root:
                yield f"{created} is found under {root}"
            wanted = [root] if story.profiles[root].state is State.ACTIVE else []
            if [p.id for p in self.engine.search(f"De{word}").items] != wanted:
                yield f"{root} is found wrongly"


# The events that show that an operation happened.
EVENTS = {
    "create": "profile.created", "merge": "profiles.merged", "unmerge": "merge.undone",
    "clear": "profile.cleared", "hold": "hold.placed", "release": "hold.released",
    "stay": "stay.recorded", "attach": "file.attached", "detach": "file.detached",
}  # fmt: skip


def _lost(story: Story, acknowledged: Acknowledged) -> Faults:
    for intent, result in acknowledged.done:
        verb = intent["verb"]
        if "refused" in result or verb == "load":
            continue
        if verb == "update":
            told = story.profiles.get(result["id"])
            if told is None or told.version < result["version"]:
                yield f"an acknowledged update of {result['id']} is lost"
        elif not story.seen.get((EVENTS[verb], result["id"])):
            yield f"an acknowledged {verb} ({result['id']}) is lost"


def effects(story: Story, intent: Intent, result: Result) -> int:
    """Count how often an operation took effect, by the feed."""
    return story.seen.get((EVENTS[intent["verb"]], result.get("id")), 0)
