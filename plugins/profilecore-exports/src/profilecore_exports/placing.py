"""Files on the disk: whole or not there, and under their names only once the register has them."""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from profilecore_exports.faults import ExportRefused
from profilecore_exports.register import sent_files

if TYPE_CHECKING:
    from profilecore import Engine

# What a file is called besides, as long as the register does not have it.
PART = ".profilecore-part"
# More files than so are brought to the disk together.
FEW = 16
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)


class Placing:
    """The files of one run in a directory.

    They are written under names that nobody takes for a file to send.  :meth:`show` gives them
    their own once the register has them, and :meth:`drop` removes them.  A run that ends before
    either leaves its files to :func:`finish`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Runs that go on at once in one directory never write to one another's files.
        self._mark = f".{secrets.token_hex(4)}{PART}"
        self._contents: dict[Path, bytes] = {}

    def add(self, name: str, content: bytes) -> None:
        """Write a file; only its owner may read it.

        :raises ExportRefused: if a file of this name is there.
        """
        path = self._folder / name
        _refuse_existing(path)
        self._contents[path] = content
        _fill(_opened(self._part(path)), content)

    def settle(self) -> None:
        """Have the files on the disk; many of them at once, which is faster."""
        if len(self._contents) > FEW and hasattr(os, "sync"):
            os.sync()
            return
        for path in self._contents:
            # What another run removes meanwhile is written anew when it gets its name.
            with suppress(FileNotFoundError), open(self._part(path), "rb") as file:
                os.fsync(file.fileno())

    def show(self) -> None:
        """Give the files their names."""
        for path, content in self._contents.items():
            try:
                os.replace(self._part(path), path)
            except FileNotFoundError:
                # Another run took it for one left half done, and finished or removed it.
                if not path.exists():
                    place(path, content)

    def drop(self) -> None:
        """Remove what was written, as far as it has not got its name."""
        for path in self._contents:
            Path(self._part(path)).unlink(missing_ok=True)

    def _part(self, path: Path) -> str:
        return f"{os.fspath(path)}{self._mark}"


def finish(engine: Engine, folder: Path) -> None:
    """Give files that a run left half done their names if the register has them, else remove them.

    So it is after a run was killed, or the machine went down.
    """
    parts = sorted(folder.glob(f"*{PART}"))
    if not parts:
        return
    known = {(file.name, file.checksum) for file in sent_files(engine.store)}
    for part in parts:
        name = part.name.removesuffix(PART).rpartition(".")[0]
        path = folder / name
        with suppress(FileNotFoundError):  # its own run has just given it its name
            checksum = hashlib.sha256(part.read_bytes()).hexdigest()
            if (name, checksum) in known and not path.exists():
                part.replace(path)
            else:
                part.unlink()


def place(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, and that only its owner may read.

    :raises ExportRefused: if it is there already.
    """
    _refuse_existing(path)
    part = f"{os.fspath(path)}.part"
    try:
        _fill(_opened(part), content)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _refuse_existing(path: Path) -> None:
    if os.path.exists(os.fspath(path)):  # a pathlib way takes twice as long, ten thousand times
        raise ExportRefused(
            "file-exists", f"{path.name} is in the directory already; choose another with --out."
        )


def _opened(part: str) -> int:
    try:
        return os.open(part, _ANEW, 0o600)
    except FileNotFoundError:
        Path(part).parent.mkdir(parents=True, exist_ok=True)
        return os.open(part, _ANEW, 0o600)


def _fill(handle: int, content: bytes) -> None:
    try:
        left = memoryview(content)
        while left:  # a large file may take several calls
            left = left[os.write(handle, left) :]
    finally:
        os.close(handle)
