"""Move a store: ``profilecore copy FROM TO``."""

from __future__ import annotations

from contextlib import ExitStack, closing

import click

from profilecore.cli.invocation import Invocation
from profilecore.cli.printing import say, table
from profilecore.cli.program import Interrupted
from profilecore.cli.waiting import Count, progress
from profilecore.store.opening import open_existing, open_store


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

    with ExitStack() as stack:
        one = stack.enter_context(closing(open_existing(source)))
        other = stack.enter_context(closing(open_store(target)))
        show = stack.enter_context(progress(Count.THINGS))
        try:
            copied = copy_store(one, other, lambda what, done: show(what, done, None))
        except KeyboardInterrupt:
            message = "Interrupted; the same command goes on. Do not use the copy before."
            raise Interrupted({"error": "interrupted", "message": message}) from None
    counts = {**copied.documents, "events": copied.events, "blobs": copied.blobs}
    answer = {"documents": copied.documents, "events": copied.events, "blobs": copied.blobs}
    more = {"left_out": copied.left_out, "digest": copied.digest}

    def out() -> None:
        table(("what", "copied"), [(what, f"{count:,}") for what, count in counts.items()])
        if copied.left_out:
            say(f"Left out, because they cannot be read: {copied.left_out:,} blobs")
        say(f"Both stores hold the same: {copied.digest}")

    invocation.answer(answer | more, out)
