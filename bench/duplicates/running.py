"""One run of a program in a process of its own: how long, how much, and whether it ended well."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import psutil

# Seconds between two looks at a running program: short beside any limit, long beside a look.
PAUSE = 0.25


@attrs.frozen
class Run:
    """Seconds by the clock and of the processors, and the largest process's memory in MB.

    ``failure`` says in words why there is no result; it is empty where there is one.
    """

    wall: float
    cpu: float
    memory: float
    failure: str = ""


@attrs.frozen
class Limits:
    """What a program may take: seconds, and gigabytes of memory with its children."""

    seconds: float
    gigabytes: float


def run(command: Sequence[str | Path], folder: Path, limits: Limits) -> Run:
    """Run a program until it ends, or stop it and its children where it takes too much.

    It runs in ``folder``, which is its home as well, so that no run finds what another one left;
    what it prints goes to ``log.txt`` there.
    """
    began = time.perf_counter()
    with (folder / "log.txt").open("wb") as out:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=os.environ | {"HOME": str(folder)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Run(0, 0, 0, f"could not start: {error.strerror}")
    with _guarded(process.pid, limits) as reasons:
        # It is reaped when nobody watches it any more, so that its number is not another's.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = code = os.waitstatus_to_exitcode(status)
    failure = reasons[0] if reasons else f"ended with {code}" * bool(code)
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, failure)


@contextlib.contextmanager
def _guarded(pid: int, limits: Limits) -> Iterator[list[str]]:
    """Stop a program and its children at a limit, or when the caller is interrupted.

    Gives a list that says why it was stopped, if it was.
    """
    reasons: list[str] = []
    ended = threading.Event()
    began = time.perf_counter()

    def guard() -> None:
        while not reasons and not ended.wait(PAUSE):
            if time.perf_counter() - began > limits.seconds:
                reasons.append(f"no result in {limits.seconds:g} s")
            elif _gigabytes(pid) > limits.gigabytes:
                reasons.append(f"no result in {limits.gigabytes:g} GB")
        if reasons:
            os.killpg(pid, signal.SIGKILL)

    thread = threading.Thread(target=guard)
    thread.start()
    try:
        yield reasons
    except BaseException:
        os.killpg(pid, signal.SIGKILL)
        raise
    finally:
        ended.set()
        thread.join()


def _gigabytes(pid: int) -> float:
    """Give the memory of a process and its children; what ended meanwhile has none."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += process.memory_info().rss
    return total / 1e9
