"""Move a store: ``profilecore copy FROM TO``."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

import click

from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import say, table
from profilecore.cli.program import Interrupted
from profilecore.cli.waiting import Count, progress
from profilecore.errors import StoreUnavailable
from profilecore.store.opening import open_store

_SQLITE = "sqlite:///"


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_obj
def copy(invocation: Invocation, source: str, target: str) -> None:
    """Copy a whole store to another that is empty, and compare the two.

    Nothing may be written to the first meanwhile.  Interrupted, it goes on where it stopped if
    it is called again.
    """
    from profilecore.store.copying import copy as copy_store

    if source.startswith(_SQLITE) and not Path(source.removeprefix(_SQLITE)).exists():
        raise StoreUnavailable(f"{source} does not exist; check the path.")
    with ExitStack() as stack:
        one, other = (stack.enter_context(closing(open_store(url))) for url in (source, target))
        show = stack.enter_context(progress(Count.THINGS))
        try:
            copied = copy_store(one, other, lambda what, done: show(what, done, None))
        except KeyboardInterrupt:
            message = "Interrupted; the same command goes on. Do not use the copy before."
            raise Interrupted({"error": "interrupted", "message": message}) from None
    counts = {**copied.documents, "events": copied.events, "blobs": copied.blobs}
    answer = {"documents": copied.documents, "events": copied.events, "blobs": copied.blobs}

    def out() -> None:
        table(("what", "copied"), [(what, f"{count:,}") for what, count in counts.items()])
        say(f"Both stores hold the same: {copied.digest}")

    invocation.answer(answer | {"digest": copied.digest}, out)
