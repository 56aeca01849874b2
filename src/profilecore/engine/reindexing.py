"""Make the terms of all profiles anew: for a store that met a plugin's keys late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import PROFILE, Unit
from profilecore.model.documents import Document
from profilecore.model.enums import State
from profilecore.model.fields import lean
from profilecore.model.profile import Profile
from profilecore.store.port import Terms

Watch = Callable[[int], object]
KIND, ID = "reindex", "progress"
AT_ONCE = 1_000


@lean
class Progress:
    """How far it has come: the last profile, and how many there were; and with which plugins."""

    after: str
    done: int
    plugins: tuple[str, ...]


def reindex(kernel: Kernel, watch: Watch | None = None) -> int:
    plugins = tuple(kernel.plugins.names)
    while True:
        with kernel.writing() as unit:
            progress, version = _progress(unit)
            if progress is None or progress.plugins != plugins:
                progress = Progress("", 0, plugins)
            page = unit.writer.listing(PROFILE, progress.after or None, AT_ONCE)
            if not page:
                unit.writer.delete(KIND, ID)
                return progress.done
            unit.writer.put_many(_renewed(kernel, page))
            done = Progress(page[-1].id, progress.done + len(page), plugins)
            unit.put(KIND, ID, ID, done, expect=version)
        if watch is not None:
            watch(done.done)


def _progress(unit: Unit) -> tuple[Progress | None, int]:
    found = unit.writer.get(KIND, ID)
    if found is None:
        return None, 0
    return unit.kernel.codec.load(Progress, found.body), found.version


def _renewed(kernel: Kernel, page: Sequence[Document]) -> Iterator[tuple[Document, Terms, int]]:
    """Give the living with their terms; what finds a tombstone is made by the clear alone."""
    for document in page:
        profile = kernel.codec.load(Profile, document.body)
        if profile.state is State.ACTIVE:
            yield document, kernel.terms.of(profile), document.version
