"""Add up what millions of documents hold, in another process beside the one that reads them.

Reading costs as much as decoding and adding.  One process adds, and is given all in its order: what
comes out is the same wherever it is added up.
"""

from __future__ import annotations

import marshal
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from profilecore.codec import Codec, Columns
from profilecore.engine import extracting
from profilecore.engine.collecting import seldom_collected
from profilecore.engine.kernel import Kernel
from profilecore.engine.workers import Workers, WorkLost, can_travel

if TYPE_CHECKING:
    from concurrent.futures import Future

    from profilecore.engine.extracting import Shape

ALONE = 50_000
"""So many rows are added up in the time that another process takes to start."""
AHEAD = 16
"""So many pages may wait: enough that nobody idles, and few to undo after Ctrl-C."""

Source = tuple[str, Sequence[str]]
_Page = tuple[int, Columns, Sequence[bytes]]
Watch = Callable[[int, int], object]


class Sums(Protocol):
    """What adds up pages.  It is a plain value that can be copied and pickled."""

    def add(self, source: int, page: Columns) -> None:
        """Add a page of a source, by the number of that."""

    def result(self) -> bytes:
        """Give what all pages come to; at least one byte."""


def add_up(
    kernel: Kernel, sums: Sums, sources: Sequence[Source], watch: Watch, workers: int | None
) -> bytes:
    count = (os.cpu_count() or 1) - 1 if workers is None else workers
    if count:
        try:
            return _run(kernel, deepcopy(sums), sources, watch, is_alone=False)
        except WorkLost:
            pass  # alone it succeeds, or says why not
    return _run(kernel, sums, sources, watch, is_alone=True)


def _run(
    kernel: Kernel, sums: Sums, sources: Sequence[Source], watch: Watch, *, is_alone: bool
) -> bytes:
    found = [extracting.packed(kernel, fields, kind) for kind, fields in sources]
    here = _Here(sums, tuple(shape for shape, _ in found))
    to: _Here | _Beside = here
    read = 0
    with seldom_collected(), ExitStack() as stack:
        for number, (_, pages) in enumerate(found):
            done = 0
            for known, bodies in pages:
                if read > ALONE and not is_alone:
                    is_alone = True  # is asked once: to see whether it can travel takes a while
                    if can_travel(here):
                        to = stack.enter_context(closing(_Beside(here)))
                to.add((number, known, bodies))
                done += len(bodies)
                read += len(bodies)
                watch(number, done)
        return to.result()


@attrs.define
class _Here:
    """Adds up where it is; what a worker process is given as its work."""

    sums: Sums
    shapes: tuple[Shape, ...]
    turn: int = 0

    def add(self, page: _Page) -> None:
        number, known, bodies = page
        self.sums.add(number, self.shapes[number].columns(Codec(), (known, bodies)))

    def result(self) -> bytes:
        return self.sums.result()

    def __call__(self, packed: bytes) -> bytes:
        turn, page = marshal.loads(packed)  # noqa: S302  # the process that began this one wrote it
        # A process that was started in the place of another has not seen the pages before.
        if turn != self.turn:
            raise LookupError("earlier pages are missing")
        self.turn += 1
        if page is None:
            return self.result()
        self.add(page)
        return _ADDED


_ADDED = b"+"


class _Beside:
    """Has a worker process go on with what was added up so far."""

    def __init__(self, begun: _Here) -> None:
        self._workers = Workers(begun, 1)
        self._waiting: deque[Future[bytes]] = deque()
        self._turn = 0

    def add(self, page: _Page) -> None:
        self._submit(page)
        if len(self._waiting) > AHEAD:
            self._waiting.popleft().result()

    def result(self) -> bytes:
        self._submit(None)
        return [future.result() for future in self._waiting][-1]

    def _submit(self, page: _Page | None) -> None:
        task: Any = (self._turn, page)
        self._waiting.append(self._workers.submit(marshal.dumps(task)))
        self._turn += 1

    def close(self) -> None:
        self._workers.close()
