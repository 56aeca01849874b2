"""What the commands share: the verbs on the store, progress, and a place in an expression."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from profilecore.cli import Invocation
from profilecore.cli.program import Interrupted
from profilecore.cli.waiting import Count, progress
from profilecore_segments.faults import ExpressionError
from profilecore_segments.members import Watch
from profilecore_segments.segments import Segments


@contextmanager
def watching(invocation: Invocation, stopped: str) -> Iterator[tuple[Segments, Watch]]:
    """Give the verbs and what shows how far they are.

    :raises Interrupted: saying ``stopped``, on Ctrl-C.
    """
    try:
        with progress(Count.THINGS) as show:
            yield Segments(invocation.engine), show
    except KeyboardInterrupt:
        raise Interrupted({"error": "interrupted", "message": stopped}) from None


def check_file(file: Path, *, force: bool) -> None:
    """Refuse to write over a file, unless it is wanted.

    :raises UsageError: if there is one, or none can be made there.
    """
    if not force and (file.exists() or file.is_symlink()):
        raise click.UsageError(f"{file} exists. Name another file, or give --force.")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise click.UsageError(f"{file} cannot be written there. Name another file.")


@contextmanager
def pointing(invocation: Invocation, expression: str) -> Iterator[None]:
    """Show on a terminal where an expression goes wrong, under its own text."""
    try:
        yield
    except ExpressionError as error:
        if not invocation.as_json:
            click.echo(error.shown_in(expression), err=True)
        raise
