"""The process that is killed: it says what it is about to do, does it, and says that it is done."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from broken_stores import OPENERS
from crash_work import Chooser, open_engine, perform

PATIENCE = 300


def _say(what: str, value: Any) -> None:
    sys.stdout.write(json.dumps([what, value]) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Wait for a line that says where and how to work, then work until killed."""
    signal.alarm(PATIENCE)
    _say("ready", None)
    task = json.loads(sys.stdin.readline())
    engine = open_engine(Path(task["path"]), OPENERS[task["store"]])
    chooser = Chooser(engine, task["seed"])
    for intent in chooser.intents():
        _say("begin", intent)
        result = perform(engine, intent, lambda progress: _say("progress", progress))
        _say("done", result)
        chooser.done(intent, result)


if __name__ == "__main__":
    main()
