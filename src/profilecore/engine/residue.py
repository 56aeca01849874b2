"""Prove from the bytes of a store's files that nothing is left of a person."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import msgspec

from profilecore.engine import scanner
from profilecore.engine.clearing import work_out
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import person
from profilecore.engine.unit import PROFILE
from profilecore.errors import ProfilecoreError, ScopeDenied, StoreUnavailable
from profilecore.model.documents import Document, OnClear
from profilecore.model.fields import Clear, Search, cleared, rules_of
from profilecore.model.profile import Profile
from profilecore.normalise.text import fold, fold_once
from profilecore.rules.clearing import Keeps
from profilecore.rules.terms import lines_of
from profilecore.rules.traces import (
    TERM,
    Text,
    Trace,
    is_evidence,
    leading,
    texts_of,
    texts_of_profile,
    traces_of_bytes,
    traces_of_text,
)
from profilecore.store.port import Query
from profilecore.values import frozen

CONTENT = "file content"
# Told the bytes done and the bytes in all.
Watch = Callable[[int, int], object]
_NO_INTERPRETER = (
    "The search needs a Python interpreter and none can be started here; "
    "run profilecore residue where there is one."
)
_WORTH_A_PROCESS = 32 << 20
_PAGE = 1_000
_HITS = 500
_NAMED = (
    "company_name",
    *(name for name, rule in rules_of(Profile).items() if rule.search is Search.NAME),
)
_SIGNS = bytes(n for n in range(128) if not chr(n).isalnum())


class Fingerprints:
    """What would be found in the bytes of a store if something of some persons were left.

    ``profile_ids`` are all ids of the persons; ``left_out`` counts their texts that prove
    nothing: too short, shared by many people, or kept by a clear.  The values themselves stay in
    this process: they are neither shown nor pickled nor encoded.  ``a | b`` is of both.
    """

    __slots__ = ("_traces", "left_out", "profile_ids")

    def __init__(
        self, profile_ids: Iterable[str], traces: Iterable[Trace], left_out: int = 0
    ) -> None:
        self.profile_ids = frozenset(profile_ids)
        self.left_out = left_out
        self._traces: dict[bytes, Trace] = {}
        for trace in traces:
            self._traces.setdefault(trace.value, trace)

    def __len__(self) -> int:
        return len(self._traces)

    def __iter__(self) -> Iterator[Trace]:
        return iter(self._traces.values())

    def __or__(self, other: Fingerprints) -> Fingerprints:
        ids = self.profile_ids | other.profile_ids
        return Fingerprints(ids, (*self, *other), self.left_out + other.left_out)

    def __repr__(self) -> str:
        return f"<Fingerprints: {len(self)}, {self.left_out} left out>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Fingerprints stay in the process that took them.")

    @property
    def counts(self) -> Mapping[str, int]:
        """How many there are by field or kind of document."""
        counts: dict[str, int] = {}
        for trace in self:
            counts[trace.what] = counts.get(trace.what, 0) + 1
        return counts


@frozen
class Place:
    """Where a fingerprint was found first: the file, the offset, and of what it is."""

    file: str
    offset: int
    what: str


@frozen
class Residue:
    """What a search of the store's files found, each fingerprint once, and never its value.

    ``found`` has no other explanation than that it was left; what is in ``shared`` is held by
    another living document too.
    """

    files: tuple[str, ...]
    bytes: int
    seconds: float
    searched: int
    left_out: int
    found: tuple[Place, ...] = ()
    shared: tuple[Place, ...] = ()


# ---- capture


def fingerprints(kernel: Kernel, id: str) -> Fingerprints:
    if kernel.actor.property_id is not None:
        raise ScopeDenied("search for what is left of a person")
    _files(kernel)
    texts: list[Text] = []
    traces: list[Trace] = []
    kept = b""
    with kernel.reading() as reader:
        one = person(kernel, reader, id)
        root = one.root
        plan = work_out(kernel, one)
        keeps = Keeps(plan.held)
        for profile in one.family:
            texts += texts_of_profile(profile, kernel.codec.plain(profile))
            kept += kernel.codec.dump(cleared(profile, keeps.profile if profile is root else ()))
        for document, fate in zip(one.documents, plan.documents, strict=True):
            texts += _texts_of_document(kernel, document)
            kept += _kept_of(kernel, document, fate.on_clear, keeps)
            if document.kind == "file":
                content = reader.blob(document.id) or b""
                traces += traces_of_bytes(content, CONTENT)
                kept += content if fate.on_clear is OnClear.KEEP else b""
        ids = {d.id for d in reader.get_many(PROFILE, list({text.text for text in texts}))}
    distinct = {(t.what, t.text): t for t in texts if t.text}
    good = [t for t in distinct.values() if is_evidence(t) and t.text not in ids]
    traces += (trace for text in good for trace in traces_of_text(text))
    proving = [trace for trace in traces if trace.value not in kept]
    left_out = len(distinct) - len(good) + len(traces) - len(proving)
    return Fingerprints(root.family, proving, left_out)


def _texts_of_document(kernel: Kernel, document: Document) -> Iterator[Text]:
    tree = msgspec.json.decode(document.body)
    if document.kind == "merge":
        for image in (tree.get("before", {}), tree.get("after", {})):
            yield from texts_of_profile(kernel.codec.value(Profile, image), image)
        yield from texts_of(tree.get("references"), "merge.references")
        return
    for name, alone in _erased_members(kernel, document, tree).items():
        yield from texts_of({name: tree.get(name)}, f"{document.kind}.{name}", alone=alone)


def _erased_members(kernel: Kernel, document: Document, tree: Mapping[str, Any]) -> dict[str, bool]:
    """Name the members of a stored document that a clear takes; tell which identify alone."""
    kind = kernel.kinds.get(document.kind)
    if kind is not None and kind.on_clear is OnClear.KEEP:
        return {}
    if kind is not None and kind.on_clear is OnClear.FIELDS:
        rules = rules_of(kind.cls).items()
        return {n: r.search is not Search.NONE for n, r in rules if r.clear is not Clear.KEEP}
    # Who wrote it, and for whom, the feed says too.
    said = ("placed", "released", "attached", "content_type", "stamp")
    return {name: False for name in tree if name not in said}


def _kept_of(kernel: Kernel, document: Document, fate: OnClear, keeps: Keeps) -> bytes:
    """Give what a clear leaves of a document."""
    if fate is OnClear.ERASE:
        return b""
    if fate is OnClear.KEEP:
        return document.body
    value: Any = kernel.codec.load(kernel.kinds[document.kind].cls, document.body)
    return kernel.codec.dump(keeps.left_of(document, value))


# ---- search


def residue(kernel: Kernel, asked: Fingerprints, watch: Watch | None) -> Residue:
    paths = _files(kernel)
    began = time.perf_counter()
    traces = {trace.value: trace for trace in asked}
    first = leading(traces)
    size, hits = scan(paths, first, watch)
    # What holds a byte string that was found was left out, and may be there as well.
    more = [v for v in traces.keys() - set(first) if any(hit in v for hit in hits)]
    if more:
        hits |= scan(paths, more, watch)[1]
    unexplained = _unexplained(kernel, {traces[value] for value in hits}, asked.profile_ids)
    found: list[Place] = []
    shared: list[Place] = []
    for value, (path, offset) in sorted(hits.items(), key=lambda hit: hit[1]):
        place = Place(str(paths[path]), offset, traces[value].what)
        (found if value in unexplained else shared).append(place)
    return Residue(
        files=tuple(map(str, paths)),
        bytes=size,
        seconds=time.perf_counter() - began,
        searched=len(traces),
        left_out=asked.left_out,
        found=tuple(found),
        shared=tuple(shared),
    )


def _files(kernel: Kernel) -> tuple[Path, ...]:
    paths = kernel.store.files()
    if not paths:
        raise StoreUnavailable(
            f"{type(kernel.store).__name__} keeps no files to search; use one that does, "
            "as sqlite:///guests.db."
        )
    return paths


def scan(
    paths: Sequence[Path], values: Sequence[bytes], watch: Watch | None = None
) -> tuple[int, dict[bytes, tuple[int, int]]]:
    """Look for byte strings in files; give the bytes read, and where each was found first.

    A place is (number of the path, offset).  Other processes read, one a core where the files
    are large; leaving by an exception ends them.

    :raises ProfilecoreError: if that cannot be done here.
    """
    sizes = [_size(path) for path in paths]
    if not values:
        return sum(sizes), {}
    source, target = os.pipe()
    searching: list[subprocess.Popen[bytes]] = []
    try:
        with os.fdopen(source, "r", encoding="ascii") as answers:
            try:
                searching.extend(_start(parts, values, target) for parts in _shares(paths, sizes))
            finally:
                os.close(target)
            found = _gather(answers, values, sum(sizes), watch)
        if any(process.wait() for process in searching):
            raise ProfilecoreError("The search of the store's files failed; may they be read?")
    finally:
        for process in searching:
            process.kill()
            process.wait()
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # a log comes and goes
        return 0


def _shares(paths: Sequence[Path], sizes: Sequence[int]) -> list[list[tuple[int, str, int, int]]]:
    """Divide the files among processes; the last part of each file goes to its end."""
    total = sum(sizes)
    number = max(1, min(os.cpu_count() or 1, total // _WORTH_A_PROCESS))
    shares: list[list[tuple[int, str, int, int]]] = [[] for _ in range(number)]
    for index, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        each = size // number
        for worker, share in enumerate(shares):
            if worker == number - 1:
                share.append((index, str(path), each * worker, -1))
            elif each:
                share.append((index, str(path), each * worker, each * (worker + 1)))
    return shares


def _start(
    parts: Sequence[tuple[int, str, int, int]], values: Sequence[bytes], target: int
) -> subprocess.Popen[bytes]:
    interpreter = sys.executable or ""
    # In a frozen or embedding application this names the application itself.
    if not Path(interpreter).name.startswith(("python", "pypy")):
        raise ProfilecoreError(_NO_INTERPRETER)
    command = [interpreter, "-I", "-S", scanner.__file__]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=target, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise ProfilecoreError(_NO_INTERPRETER) from error
    question = msgspec.json.encode({"parts": parts, "sizes": [len(value) for value in values]})
    assert process.stdin is not None
    try:
        # One that has ended already is told from how it ended.
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(b"%d\n" % len(question) + question + b"".join(values))
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def _gather(
    answers: IO[str], values: Sequence[bytes], total: int, watch: Watch | None
) -> tuple[int, dict[bytes, tuple[int, int]]]:
    done = 0
    found: dict[bytes, tuple[int, int]] = {}
    for answer in answers:
        said, *numbers = answer.split()
        if said == "done":
            done += int(numbers[0])
            if watch is not None:
                watch(done, max(total, done))
        else:
            path, offset, number = map(int, numbers)
            value = values[number]
            found[value] = min(found.get(value, (path, offset)), (path, offset))
    return done, found


# ---- what living people share


def _unexplained(kernel: Kernel, hits: set[Trace], family: frozenset[str]) -> set[bytes]:
    """Give those of the hits that no living document of anybody else holds."""
    left = {t for t in hits if t.what == CONTENT or not _is_found(kernel, t.value, family)}
    if not left:
        return set()
    for held in _held_by_others(kernel, family, left):
        left = {trace for trace in left if trace.value not in held}
        if not left:
            break
    return {trace.value for trace in left}


def _is_found(kernel: Kernel, value: bytes, family: frozenset[str]) -> bool:
    """Tell by the search index alone whether somebody else has a name or number."""
    text = value.decode("utf-8", "replace")
    word, *others = text.split() or [text]
    with kernel.reading() as reader:
        found = reader.search(Query(word, tuple(others)), limit=_HITS)
    return any(hit.id not in family and text in f"{hit.text}\n{hit.word}" for hit in found)


def _held_by_others(kernel: Kernel, family: frozenset[str], hits: set[Trace]) -> Iterator[bytes]:
    """Give the bytes that other people's documents and the feed hold, page by page.

    Of search terms and of the contents of files only where the hits are of these.
    """
    terms = {fold(t.value.decode("utf-8", "replace")) for t in hits if t.what == TERM}
    contents = any(trace.what == CONTENT for trace in hits)
    for kind in dict.fromkeys((PROFILE, *kernel.kinds, "chain", "job", "undelivered")):
        for page in kernel.pages(kind, _PAGE):
            others = [d for d in page if d.id not in family and d.owner not in family]
            # Between two bodies stands what is in none of them.
            yield b"\n".join(d.body for d in others)
            yield "\n".join(f"{d.id}\n{d.owner}\n{d.property_id}" for d in others).encode()
            if kind == PROFILE and terms:
                yield _lines(kernel, others, [term.split() for term in terms])
            if kind == "file" and contents:
                with kernel.reading() as reader:
                    yield from (reader.blob(document.id) or b"" for document in others)
    after = 0
    while True:
        with kernel.reading() as reader:
            events = reader.events(after, _PAGE)
        if not events:
            return
        yield b"\n".join(map(kernel.codec.dump, events))
        after = events[-1].seq


def _lines(kernel: Kernel, others: Iterable[Document], terms: Sequence[Sequence[str]]) -> bytes:
    """Give the search terms of those profiles that may have all words of one of the terms."""
    members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    told: list[str] = []
    for document in others:
        # To make the terms of a million profiles takes minutes, to look at their names seconds.
        held = members(document.body)
        names = fold_once(b" ".join(held[name] for name in _NAMED if name in held).decode())
        plain = document.body.lower().translate(None, _SIGNS).decode()
        if any(all(word in names or word in plain for word in words) for words in terms):
            profile = kernel.codec.load(Profile, document.body)
            told += ("\n".join((line.text, *line.words)) for line in lines_of(profile))
    return "\n".join(told).encode()
