"""The file of a keyring as bytes: a head, then one place a key, wrapped under a master key."""

from __future__ import annotations

import os
import struct
import threading
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from profilecore.errors import StoreUnavailable
from profilecore_sealed.keyring import KEY

MAGIC = b"profilecore keys"
FORMAT = 1
HEAD = 4096
FIXED = struct.Struct("<16sIQ16s32s")  # magic, format, keys made, id, own master
MADE = struct.Struct("<Q")
MADE_AT = 20
RETIRED = MADE
COMMON = 16 + KEY  # the salt and the key of the words
COMMON_AT = FIXED.size
NO_STORE = bytes(16)
STORE_AT = 256  # the salt of the store that uses the keyring; from here on nothing is wrapped
RETIRED_AT = STORE_AT + 16  # up to which number no key is given any more
DOUBT_AT = 512
NUMBER = struct.Struct("<I")
RUN = struct.Struct("<QI")  # the first of a run of numbers in doubt, and how many
MOST_RUNS = (HEAD - DOUBT_AT - NUMBER.size) // RUN.size
NO_MASTER = bytes(KEY)

NONCE, TAG = 12, 16
PLACE = NONCE + KEY + TAG
ZEROS = bytes(PLACE)
HIGHEST = (2**63 - HEAD) // PLACE  # above it no file can have a place


def read_master(path: Path) -> bytes:
    """Read a master key: 64 hexadecimal digits in a file.

    :raises StoreUnavailable: if the file holds anything else, or cannot be read.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise StoreUnavailable(
            f"The master key {path} cannot be read ({error.strerror})."
        ) from None
    except ValueError:
        key = b""
    if len(key) != KEY:
        raise StoreUnavailable(
            f"{path} holds no master key; make one with `openssl rand -hex {KEY}`."
        )
    return key


def create(path: Path, master: bytes | None) -> None:
    """Write an empty keyring, whole or not at all.

    :raises StoreUnavailable: if it cannot be written.
    """
    id, key = os.urandom(16), master or os.urandom(KEY)
    start = head(AESGCM(key), 0, id, NO_MASTER if master else key, os.urandom(COMMON))
    beside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write(file, start.ljust(HEAD, b"\0"), 0)
            os.fsync(file)
        finally:
            os.close(file)
        try:
            os.link(beside, path)  # another process may have been faster; then its file stays
        except FileExistsError:
            pass
        finally:
            beside.unlink()
        sync_directory(path.parent)
    except OSError as error:
        raise StoreUnavailable(
            f"The keyring {path} cannot be written ({error.strerror}); "
            "name a file in a directory that exists."
        ) from None


def head(wrap: AESGCM, made: int, id: bytes, own: bytes, common: bytes) -> bytes:
    """Give the head up to what is not wrapped."""
    fixed = FIXED.pack(MAGIC, FORMAT, made, id, own)
    return (fixed + wrapped(wrap, common, MAGIC + id)).ljust(STORE_AT, b"\0")


def wrapped(wrap: AESGCM, content: bytes, bound: bytes) -> bytes:
    """Wrap something, bound to what it is."""
    nonce = os.urandom(NONCE)
    return nonce + wrap.encrypt(nonce, content, bound)


def unwrapped(wrap: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    """Give what was wrapped.

    :raises InvalidTag: if it was changed, cut short, or is bound to something else.
    """
    if len(sealed) < NONCE + TAG:
        raise InvalidTag
    return wrap.decrypt(sealed[:NONCE], sealed[NONCE:], bound)


def place_of(number: int) -> int:
    """Give where the place of a key begins."""
    return HEAD + (number - 1) * PLACE


def bound_to(number: int) -> bytes:
    """Give what the key of a number is bound to."""
    return number.to_bytes(8, "little")


def is_at(file: int, path: Path) -> bool:
    """Tell whether an open file is still the one that a path names."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False


def is_of(file: int, id: bytes) -> bool:
    """Tell whether an open file is, or begins as, the keyring of an id."""
    start = os.pread(file, FIXED.size, 0)
    if len(start) < FIXED.size:
        return False
    magic, _, _, its_id, _ = FIXED.unpack(start)
    return bool(magic == MAGIC and its_id == id)


def write(file: int, content: bytes, offset: int) -> None:
    """Write all of something."""
    view = memoryview(content)
    while view:
        done = os.pwrite(file, view, offset)
        view, offset = view[done:], offset + done


def overwrite(file: int) -> None:
    """Overwrite a whole file with zeros, on the disk."""
    write(file, bytes(os.fstat(file).st_size), 0)
    os.fsync(file)


def erase(file: int, path: Path) -> None:
    """Overwrite an open file with zeros and remove it."""
    overwrite(file)
    with suppress(OSError):  # it holds nothing any more
        path.unlink()


def sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk."""
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
