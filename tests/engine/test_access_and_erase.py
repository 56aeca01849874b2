"""One map for both duties: what a person can be shown is exactly what a clear takes away.

The person is made from the classes of the model, so a field or a kind that is added later is in
it.  What the engine may keep follows from the rules of the fields, from no list here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import msgspec
import pytest
from filled import THIRD, filled, paths_of
from kit import PNG, Actor, KeepsElsewhere, open_engine

from profilecore import Engine, hookimpl
from profilecore.engine import accessing
from profilecore.model import (
    Clear,
    Document,
    DocumentKind,
    OnClear,
    Other,
    Search,
    Sensitivity,
    field,
    record,
)
from profilecore.model.fields import evolve, rules_of
from profilecore.model.profile import ENGINE_FIELDS, Profile
from profilecore.store import Store

pytestmark = pytest.mark.shows_values("ids, codes and names of staff hold the marks, too")

# Kinds whose documents name nobody but the person.
NAMELESS = ("activity", "alien", "complaint", "notice", "outcome")
CONFIG = {"profilecore": {"custom_fields": {"key": "personal"}}}
PROFILE = DocumentKind("profile", Profile, OnClear.FIELDS)
Path = tuple[str, ...]
# How many documents have something at a path.
Map = Counter[Path]


def rule(clear: Clear, sensitivity: Sensitivity) -> Any:
    return field(merge="survivor", clear=clear, sensitivity=sensitivity, search=Search.NONE)


@record
class Membership:
    level: str | None = rule(Clear.KEEP, Sensitivity.NONE)
    card: str | None = rule(Clear.ERASE, Sensitivity.PERSONAL)
    seller: str | None = field(
        merge="survivor",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        third_party=Other.STAFF,
    )


@attrs.frozen
class Complaint:
    text: str = ""


class Club:
    """Keeps a facet, a kind erased whole and one erased in part."""

    name = "club"

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        register("club", Membership)

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind("complaint", Complaint, OnClear.ERASE))
        register(DocumentKind("membership", Membership, OnClear.FIELDS))


class Brings:
    """Brings one kind of documents."""

    name = "brings"

    def __init__(self, kind: DocumentKind) -> None:
        self.kind = kind

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(self.kind)


# ---- a person of whom everything is held


def make_person(engine: Engine, letters: KeepsElsewhere) -> str:
    """Make a person with every field and a document of every kind; give the id."""
    with engine.acting(Actor(f"{THIRD} desk", source="pms")):
        ana, twin = (engine.create({"last_name": "x"}, key=key).id for key in ("a", "b"))
        for id, mark in ((ana, "zqana"), (twin, "zqtwin")):
            _fill(engine, id, mark)
        engine.merge(engine.plan_merge(ana, [twin]))
        engine.attach(twin, "scan.png", PNG)
        edges = [{"type": "child", "profile_id": ana}]
        third = engine.create({"last_name": THIRD, "relationships": edges}).id
        # They travelled together.
        past = {"property_id": "P1", "arrival": "2020-01-01", "departure": "2020-01-02"}
        engine.record_stay(third, past | {"companions": [twin], "status": "departed"})
    letters.held[twin] = "Dear Ana"
    with engine.store.read() as reader:
        there = {document.kind for document in reader.owned([ana, twin])}
    kernel = engine._kernel
    for kind in kernel.kinds.values():
        if kind.name not in there:
            value = filled(kind.cls, "zqdocument")
            with kernel.writing() as unit:
                unit.put(kind.name, f"{kind.name}-1", twin, value, expect=0)
    with engine.store.write() as writer:
        writer.put(Document("alien", "X", ana, 1, b'{"points":{"now":[7]}}'), expect=0)
    return ana


def _fill(engine: Engine, id: str, mark: str) -> None:
    """Fill every field of a profile that a host may set, and its provenance, past the border."""
    kernel = engine._kernel
    with kernel.writing() as unit:
        profile = kernel.load(unit.writer, id)
        own = ENGINE_FIELDS - {"provenance"}
        given = {name: getattr(profile, name) for name in (*own, "shared_level")}
        whole = filled(Profile, mark, **given)
        facets = {"club": filled(Membership, mark), "alien": {"inner": mark}}
        unit.put_profile(evolve(whole, facets=facets), expect=profile.version)


# ---- the map


def leaves(tree: Any, *above: str) -> Iterator[tuple[Path, Any]]:
    """Give each value of a JSON tree with its path; the items of a list share theirs."""
    if isinstance(tree, dict) and tree:
        for name, inner in tree.items():
            yield from leaves(inner, *above, name)
    elif isinstance(tree, list) and tree:
        for inner in tree:
            yield from leaves(inner, *above)
    else:
        yield above, json.dumps(tree)


def is_fact(engine: Engine, path: Path) -> bool:
    """Tell whether the rules let the engine keep what stands here and say that it is nobody's."""
    kind = PROFILE if path[0] == "profile" else engine._kernel.kinds.get(path[0])
    if kind is None or kind.on_clear is OnClear.ERASE or len(path) < 2:
        return False
    try:
        found = rules_of(kind.cls)[path[1]]
    except KeyError:
        return False
    return found.clear is Clear.KEEP and found.sensitivity is Sensitivity.NONE


def shown(engine: Engine, id: str) -> Map:
    """Give the paths of what access shows as the person's."""
    answer = engine.access(id)
    assert answer["incomplete"] == []
    trees = [("profile", tree) for tree in (answer["profile"], *answer["merged_profiles"])]
    for kind, documents in answer["documents"].items():
        trees += [(kind, tree) for tree in documents]
    trees += [("elsewhere", {name: held}) for name, held in answer["elsewhere"].items() if held]
    found = Counter(path for kind, tree in trees for path in {p for p, _ in leaves(tree, kind)})
    for file in answer["documents"].get("file", ()):
        found["file", "(bytes)"] += bool(engine.read_file(file["id"]))
    found["(edges of others)",] += sum(r["derived"] for r in answer["relationships"])
    found["(stays of others)",] += len(answer["stays_with_others"])
    return Counter({path: n for path, n in found.items() if n and not is_fact(engine, path)})


Held = dict[tuple[str, Path], set[Any]]


def stored(
    engine: Engine, letters: KeepsElsewhere, family: tuple[str, ...], files: Iterable[str]
) -> Held:
    """Give all that is held of a family of ids: the values at each path of each document."""
    held: Held = {}
    with engine.store.read() as reader:
        for document in (*reader.get_many("profile", family), *reader.owned(family)):
            for path, value in leaves(msgspec.json.decode(document.body), document.kind):
                held.setdefault((document.id, path), set()).add(value)
        for id in files:
            if (content := reader.blob(id)) is not None:
                held[id, ("file", "(bytes)")] = {content}
        for other in reader.listing("profile", None, 100):
            edges = msgspec.json.decode(other.body).get("relationships", ())
            if other.id not in family and {e["profile_id"] for e in edges} & set(family):
                held[other.id, ("(edges of others)",)] = {other.id}
        for stay in reader.listing("stay", None, 100):
            companions = msgspec.json.decode(stay.body).get("companions", ())
            if stay.owner not in family and {*companions} & set(family):
                held[stay.id, ("(stays of others)",)] = {stay.id}
    if kept := letters.export(family):
        held.update({("", path): {v} for path, v in leaves(kept, "elsewhere", letters.name)})
    return held


def gone(engine: Engine, before: Held, after: Held) -> Map:
    """Give the paths of what a clear removed or coarsened.

    The engine's facts count where they went; that it wrote them anew (a state, a version) not.
    """
    lost = [slot for slot, values in before.items() if values - after.get(slot, set())]
    return Counter(slot[1] for slot in lost if slot not in after or not is_fact(engine, slot[1]))


def both(engine: Engine, letters: KeepsElsewhere) -> tuple[Map, Map]:
    """Make a person and clear it; give what was shown and what is gone."""
    id = make_person(engine, letters)
    family, files = engine.get(id).family, [file.id for file in engine.files(id)]
    before = stored(engine, letters, family, files)
    is_shown = shown(engine, id)
    engine.clear(id)
    return is_shown, gone(engine, before, stored(engine, letters, family, files))


@pytest.fixture
def letters() -> KeepsElsewhere:
    return KeepsElsewhere("letters")


def test_what_can_be_shown_is_exactly_what_can_be_erased(
    store: Store, letters: KeepsElsewhere
) -> None:
    engine = open_engine(store, plugins=[Club(), letters], config=CONFIG)
    is_shown, is_gone = both(engine, letters)
    assert is_shown == is_gone


def test_the_person_of_this_map_has_everything_that_can_be_held(letters: KeepsElsewhere) -> None:
    engine = open_engine(plugins=[Club(), letters], config=CONFIG)
    is_shown = shown(engine, make_person(engine, letters))
    declared = {
        ("profile", *path) for path in paths_of(Profile) if not is_fact(engine, ("profile", *path))
    }
    declared |= {(k.name, a) for k, a in _attributes(engine) if not is_fact(engine, (k.name, a))}
    declared |= {("file", "(bytes)"), ("elsewhere", "letters")}
    declared |= {("(edges of others)",), ("(stays of others)",)}
    declared |= {("profile", "facets", "club", "card"), ("alien", "points", "now")}
    assert {path for path in declared if not any(s[: len(path)] == path for s in is_shown)} == set()


def _attributes(engine: Engine) -> Iterator[tuple[DocumentKind, str]]:
    for kind in engine._kernel.kinds.values():
        # A file is attached and a person is merged as usual; the rest is made from the class.
        if kind.personal and kind.name not in ("merge", "file"):
            yield from ((kind, a.name) for a in attrs.fields(kind.cls))


@record
class Diary:
    text: str | None = rule(Clear.KEEP, Sensitivity.PERSONAL)
    month: str | None = rule(Clear.KEEP, Sensitivity.NONE)


@pytest.mark.parametrize(
    ("kind", "only_shown", "only_gone"),
    [
        (DocumentKind("odd", Complaint, OnClear.KEEP), {("odd", "text")}, set()),
        (DocumentKind("odd", Diary, OnClear.FIELDS), {("odd", "text")}, set()),
        (DocumentKind("odd", Diary, OnClear.KEEP), {("odd", "text")}, set()),
        (
            DocumentKind("odd", Complaint, OnClear.ERASE, personal=False),
            set(),
            {("odd", "text")},
        ),
        (
            DocumentKind("odd", Membership, OnClear.FIELDS, personal=False),
            set(),
            {("odd", "card"), ("odd", "seller")},
        ),
    ],
)
def test_a_kind_that_is_shown_but_kept_or_erased_but_hidden_is_found(
    letters: KeepsElsewhere, kind: DocumentKind, only_shown: set[Path], only_gone: set[Path]
) -> None:
    engine = open_engine(plugins=[Brings(kind), letters], config=CONFIG)
    is_shown, is_gone = both(engine, letters)
    assert {*(is_shown - is_gone)} == only_shown
    assert {*(is_gone - is_shown)} == only_gone


def test_what_is_shown_elsewhere_but_not_erased_there_is_found() -> None:
    class Keeps(KeepsElsewhere):
        def erase(self, profile_ids: Any) -> int:
            return 1

    letters = Keeps("letters")
    is_shown, is_gone = both(open_engine(plugins=[letters], config=CONFIG), letters)
    assert {*(is_shown - is_gone)} == {("elsewhere", "letters")}
    assert not is_gone - is_shown


def test_of_third_parties_no_letter_is_shown(store: Store, letters: KeepsElsewhere) -> None:
    engine = open_engine(store, plugins=[Club(), letters], config=CONFIG)
    id = make_person(engine, letters)
    parent = next(r for r in engine.relationships(id) if r.derived).profile_id
    for answer in (json.dumps(engine.access(id)), engine.access_page(id)):
        assert "zqana" in answer
        assert THIRD not in answer
        assert parent not in answer
    whole = accessing.held(engine._kernel, id)
    for named in (whole["profile"], whole["merged_profiles"], *whole["documents"].values()):
        if named not in (whole["documents"][kind] for kind in NAMELESS):
            assert THIRD in json.dumps(named)
    assert parent in json.dumps(whole["relationships"])
