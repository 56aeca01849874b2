"""The program ``profilecore-keyring``: what is done with keys beside the work of an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from profilecore.cli.waiting import Count, progress
from profilecore.errors import ProfilecoreError
from profilecore_sealed.keyfile import FileKeyring
from profilecore_sealed.store import SealedStore, open_store

_File = click.Path(dir_okay=False, path_type=Path)
_master = click.option(
    "--master", type=_File, metavar="FILE", help="The file with the master key it has now."
)


@click.group()
def main() -> None:
    """Look after the keys of sealed stores."""


@main.command()
@click.argument("keyring", type=_File)
@_master
def check(keyring: Path, master: Path | None) -> None:
    """Tell whether a keyring is whole and nobody else's to read."""
    with _told(), closing(FileKeyring(keyring, master, create=False)) as opened:
        faults = opened.check()
        doubtful = len(opened.in_doubt())
    click.echo(f"keys in doubt   {doubtful}")
    for fault in faults:
        click.echo(fault)
    if faults:
        raise SystemExit(1)


@main.command("change-master")
@click.argument("keyring", type=_File)
@_master
@click.option("--new", type=_File, metavar="FILE", help="The file with the new master key.")
@click.option("--none", "is_none", is_flag=True, help="Let the keyring open itself.")
def change_master(keyring: Path, master: Path | None, new: Path | None, is_none: bool) -> None:
    """Wrap all keys under another master key; nothing in the store changes."""
    if (new is None) is not is_none:
        raise click.UsageError("Name the file of the new master key with --new, or say --none.")
    with _told(), closing(FileKeyring(keyring, master, create=False)) as opened:
        opened.change_master(new)
    click.echo("changed")


@main.command("change-keys")
@click.argument("url")
@click.option("--anew", is_flag=True, help="Begin again, whatever was done before an interrupt.")
def change_keys(url: str, anew: bool) -> None:
    """Seal everything in a store under new keys; interrupted, it goes on when called again.

    What was sealed before the interrupt keeps its keys: if these may have leaked, say --anew.
    """
    with _told(), _store(url) as store:
        since = store.changing_since()
        if since is not None and not anew:
            click.echo(f"goes on from {since:%Y-%m-%d %H:%M} UTC; --anew begins again")
        with progress(Count.THINGS) as show:
            done = store.change_keys(lambda number: show("sealed anew", number, None), anew=anew)
    click.echo(f"sealed anew   {done:,}")


@main.command()
@click.argument("url")
def purge(url: str) -> None:
    """Delete what cannot be read any more, as after restoring an old backup."""
    with _told(), _store(url) as store:
        click.echo(f"purged   {store.purge():,}")


@contextmanager
def _store(url: str) -> Iterator[SealedStore]:
    with closing(open_store(url, create=False)) as store:
        yield store


@contextmanager
def _told() -> Iterator[None]:
    """Say what went wrong in a line, as the program ``profilecore`` does."""
    try:
        yield
    except ProfilecoreError as error:
        raise click.ClickException(str(error)) from None
