"""Does each thing it is told in a process of its own, which is killed once it is committed.

This program has one thread and no store open, so that it may fork.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from broken_stores import OPENERS, kill_after_commit
from crash_work import open_engine, perform

PATIENCE = 300


def do_and_die(task: dict[str, Any]) -> None:
    """Do what the task says; be killed after one of its commits."""
    engine = open_engine(Path(task["path"]), OPENERS[task["store"]])
    kill_after_commit(engine.store, task["commits"])
    perform(engine, task["intent"])


def main() -> None:
    """Fork for each line; answer with the signal that ended the fork."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                do_and_die(json.loads(line))
            finally:
                # Neither a farewell nor an answer: nobody learns that it was done.
                os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
