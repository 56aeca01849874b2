"""The kinds of stores on which the long programmes run.  A new kind is one entry of ``KINDS``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import attrs
import pytest

from profilecore.store import MemoryStore, Store

PROGRAMMES = ("faults", "crash", "residue", "stateful", "writers", "idempotency", "answers lost")


@attrs.frozen
class Kind:
    """A kind of store: how a new one is made, or that of the path is opened again.

    ``module`` is the part that must be installed.  With ``has_server`` a server is started for the
    run, unless one is given.  Nobody's values can be seen in the files of one that ``is_sealed``.
    The short form of a programme does ``slower`` times less.
    ``omits`` says of each programme that makes no sense here why it does not.
    """

    name: str
    open: Callable[[Path], Store]
    module: str = "profilecore"
    has_server: bool = False
    slower: int = 1
    is_sealed: bool = False
    omits: Mapping[str, str] = attrs.field(factory=dict)

    def size(self, short: int) -> int:
        """Give how much the short form does on this kind."""
        return max(1, short // self.slower)


def in_memory(path: Path) -> Store:
    """Make a store that nobody opens again."""
    return MemoryStore()


def in_a_file(path: Path) -> Store:
    """Open the SQLite store of a file."""
    from profilecore_sqlite import open_store

    return open_store(f"sqlite:///{path}")


def on_postgres(path: Path) -> Store:
    """Open the store in the schema that stands for a path, on the server of this run."""
    from profilecore_postgres import open_store
    from profilecore_postgres.testing import DSN, url_of

    schema = f"soak_{sha256(str(path).encode()).hexdigest()[:24]}"
    return open_store(url_of(os.environ[DSN], schema), timeout=60)


def sealed(inner: Callable[[Path], Store]) -> Callable[[Path], Store]:
    """Give what opens the store that another function opens, sealed under keys beside its path."""

    def opened(path: Path) -> Store:
        from profilecore_sealed import FileKeyring, SealedStore

        return SealedStore(inner(path), FileKeyring(path.with_suffix(".keys")))

    return opened


_GONE = "nothing of it outlives its process, and no other process can open it"
_UNSEEN = "nobody's values are in its files, before a clear or after; its own tests show it"
KINDS = (
    Kind(
        "memory",
        in_memory,
        omits={
            "faults": "tests/engine/test_faults.py does it with every change",
            "crash": _GONE,
            "residue": "it has no files",
            "stateful": "it is what the others are compared with",
            "writers": _GONE,
            "answers lost": _GONE,
        },
    ),
    Kind("sqlite", in_a_file, "profilecore_sqlite"),
    Kind(
        "postgres",
        on_postgres,
        "profilecore_postgres",
        has_server=True,
        # A transaction of few statements takes about so much longer, through a socket.
        slower=5,
        omits={"residue": "receipts stay pending: its log and copies cannot be erased from here"},
    ),
    Kind(
        "sealed sqlite", sealed(in_a_file), "profilecore_sealed", slower=2, is_sealed=True,
        omits={"residue": _UNSEEN},
    ),
    Kind(
        "sealed postgres", sealed(on_postgres), "profilecore_sealed", has_server=True, slower=10,
        is_sealed=True, omits={"residue": _UNSEEN},
    ),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}


def on_kinds_for(programme: str) -> pytest.MarkDecorator:
    """Run a test of a programme, which takes ``kind``, once on each kind that does not omit it."""
    assert programme in PROGRAMMES
    names = [kind.name for kind in KINDS if programme not in kind.omits]
    return pytest.mark.parametrize("kind", names, indirect=True)
