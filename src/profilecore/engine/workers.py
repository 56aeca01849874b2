"""Processes that work beside this one, each fed through its own pipes.

Unlike those of :mod:`multiprocessing` they do not import the program's main module, so a host's
script may load guests without a guard; and what a worker could not do is left to the caller, who
then sees the error itself.
"""

from __future__ import annotations

import gc
import os
import pickle  # noqa: TID251  # between processes of one program, never from a store
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.spawn import get_executable
from typing import IO, Any

from profilecore.engine.collecting import SELDOM

_SIZE = 8
# An answer should pass in one piece: between pieces a thread waits its turn beside a busy one.
_PIPE = 1 << 20
_START = "import sys; sys.path[:] = {}; from profilecore.engine.workers import serve; serve()"

Work = Callable[[Any], bytes]


class WorkLost(Exception):
    """A worker ended or failed: the caller does the work itself."""


def can_travel(work: Work) -> bool:
    """Tell whether other processes of this program can do a piece of work.

    They cannot where it names something of the main module, or where there is no interpreter to
    start, as in a frozen program.
    """
    try:
        packed = pickle.dumps(work)
    except Exception:  # noqa: BLE001  # pickling raises what it likes
        return False
    return b"__main__" not in packed and not getattr(sys, "frozen", False) and bool(_python())


def _python() -> str:
    return os.fsdecode(get_executable() or b"")


class Workers:
    """Does one kind of work in so many processes, which start when they are needed."""

    def __init__(self, work: Work, count: int) -> None:
        self._work = pickle.dumps(work)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._started: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(count, "profilecore-worker")

    def submit(self, what: Any) -> Future[bytes]:
        """Have something worked on; waiting for the result raises :class:`WorkLost` if it fails."""
        return self._threads.submit(self._done, what)

    def close(self) -> None:
        """End the processes; what was not begun is never done."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for process in self._started:
                process.kill()
        self._threads.shutdown()
        for process in self._started:
            with suppress(OSError), process:  # closes its pipes and waits for its end
                pass

    def _done(self, what: Any) -> bytes:
        process = getattr(self._own, "process", None)
        try:
            if process is None or process.poll() is not None:
                process = self._own.process = self._start()
            assert process.stdin
            assert process.stdout
            _send(process.stdin, pickle.dumps(what))
            answer = _receive(process.stdout)
        except OSError as error:
            raise WorkLost from error
        if not answer:
            raise WorkLost
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            process = subprocess.Popen(
                [_python(), "-c", _START.format(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=_PIPE,
            )
            self._started.append(process)
        assert process.stdin
        _send(process.stdin, self._work)
        return process


def serve() -> None:
    """Be a worker: answer until nothing more comes; an empty answer says that it failed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):  # behind the process that writes what they make, and behind a desk's
        os.nice(10)
    tasks, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a plugin prints is no answer
    work: Work = pickle.loads(_receive(tasks))  # noqa: S301  # from the process that began this one
    # It leaves next to nothing for the collector: let it look seldom.
    gc.freeze()
    gc.set_threshold(*SELDOM)
    while task := _receive(tasks):
        try:
            answer = work(pickle.loads(task))  # noqa: S301
        except Exception:  # noqa: BLE001  # the caller meets it again
            answer = b""
        _send(answers, answer)


def _send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(len(content).to_bytes(_SIZE))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    """Give the next content, and nothing at the end of the pipe."""
    size = int.from_bytes(pipe.read(_SIZE))
    content = pipe.read(size)
    return content if len(content) == size else b""
