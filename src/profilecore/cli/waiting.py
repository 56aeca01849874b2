"""What somebody sees and may do while a long command runs: how far it is, and Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

Show = Callable[[str, int, int | None], None]


class Count(Enum):
    """What is counted behind the bar: nothing, things done of all, or bytes."""

    NOTHING = "nothing"
    THINGS = "things"
    BYTES = "bytes"


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """Put Ctrl-C off to where the caller allows it; pressed again, it stops at once.

    Gives the function that allows it, which raises ``KeyboardInterrupt`` if it was pressed.
    Where a host has its own way with the signal, or in another thread, nothing is put off.
    """
    pressed = False

    def note(*_: Any) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    def allow() -> None:
        if pressed:
            raise KeyboardInterrupt

    pythons_own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not pythons_own or threading.current_thread() is not threading.main_thread():
        yield allow
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield allow
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def progress(count: Count = Count.NOTHING) -> Iterator[Show]:
    """Show on a terminal, on stderr, how far it is; elsewhere say nothing.

    Gives a function of what is done in words, how many are done, and of how many, if known.
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
    )

    from profilecore.cli.printing import console

    to = console(stderr=True)
    if not to.is_terminal:
        yield lambda _words, _done, _all: None
        return
    parts: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn()]
    if count is Count.THINGS:
        parts.append(MofNCompleteColumn())
    elif count is Count.BYTES:
        parts.append(DownloadColumn())
    with Progress(*parts, console=to, transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda words, done, all_: shown.update(
            task, description=words, completed=done, total=all_
        )
