"""One run of a program in a process of its own: how long, how much, and whether it ended well."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import attrs


@attrs.frozen
class Run:
    """Seconds by the clock and of the processors, and the largest process's memory in MB.

    ``failure`` says in words why there is no result; it is empty where there is one.
    """

    wall: float
    cpu: float
    memory: float
    failure: str = ""


def run(command: Sequence[str | Path], folder: Path, limit: float) -> Run:
    """Run a program until it ends, or stop it and its children after so many seconds.

    It runs in ``folder``, which is its home as well, so that no run finds what another one left;
    what it prints goes to ``log.txt`` there.
    """
    environment = os.environ | {"HOME": str(folder)}
    began = time.perf_counter()
    with (folder / "log.txt").open("wb") as out:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Run(0, 0, 0, f"could not start: {error.strerror}")
        stopped = threading.Event()

        def stop() -> None:
            stopped.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, stop)
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            stop()
            raise
        finally:
            timer.cancel()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    failure = f"no result in {limit:g} s" if stopped.is_set() else f"ended with {code}" * bool(code)
    wall = time.perf_counter() - began
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, failure)
