"""The file of a keyring is written anew, whole or not at all, and leaves no key behind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from profilecore.errors import StoreCorrupt, StoreUnavailable
from profilecore_sealed import FileKeyring
from profilecore_sealed.keyformat import HEAD


def left(path: Path) -> list[str]:
    """Give the names of the files beside a keyring that begin as it does."""
    return [p.name for p in path.parent.iterdir() if p != path and p.name.startswith(path.name)]


def kill_at_replace(path: Path, *, replaced: bool) -> None:
    """Change the master key in a process that is killed where the files are exchanged."""

    def change() -> None:
        replace = os.replace

        def killed(old: Path, new: Path) -> None:
            if replaced:
                replace(old, new)
            os._exit(9)

        os.replace = killed
        FileKeyring(path, create=False).change_master(None)

    child = multiprocessing.get_context("fork").Process(target=change)
    child.start()
    child.join()
    assert child.exitcode == 9


def test_others_see_the_new_file_though_the_change_was_killed(
    path: Path, keyring: FileKeyring
) -> None:
    before = keyring.reserve(3)
    kill_at_replace(path, replaced=True)
    after = keyring.reserve(200)
    keyring.destroy([before[0][0]])
    again = FileKeyring(path)
    assert again.keys([n for n, _ in after]) == [key for _, key in after]
    assert again.keys([n for n, _ in before]) == [None, *(key for _, key in before[1:])]


def interrupted(
    keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch, replace: Callable[..., None]
) -> None:
    """Change the master key, with another way to exchange the files, which is interrupted."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            keyring.change_master(None)


def test_a_change_that_fails_leaves_no_second_file(
    path: Path, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    made = keyring.reserve(3)
    interrupted(keyring, monkeypatch, stop)
    assert left(path) == []
    assert keyring.keys([n for n, _ in made]) == [key for _, key in made]


def test_a_failure_behind_the_exchange_of_the_files_keeps_the_new_one(
    path: Path, keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def stop(old: Path, new: Path) -> None:
        replace(old, new)
        raise KeyboardInterrupt

    made = keyring.reserve(3)
    interrupted(keyring, monkeypatch, stop)
    for each in (keyring, FileKeyring(path)):
        assert each.keys([n for n, _ in made]) == [key for _, key in made]
        assert each.reserve(1)


@pytest.mark.parametrize("then", ["open", "destroy", "change"])
def test_what_a_killed_change_left_is_removed(path: Path, keyring: FileKeyring, then: str) -> None:
    made = keyring.reserve(3)
    kill_at_replace(path, replaced=False)
    assert left(path) == ["guests.keys.new"]
    assert [fault for fault in keyring.check() if "guests.keys.new may hold" in fault]
    again = os.open(f"{path}.new", os.O_RDONLY)
    if then == "open":
        FileKeyring(path).close()
    elif then == "destroy":
        keyring.destroy([made[0][0]])
    else:
        keyring.change_master(None)
    assert left(path) == []
    assert not any(os.pread(again, 1 << 20, 0))
    os.close(again)
    assert keyring.check() == []
    assert keyring.key(made[1][0]) == made[1][1]


def test_a_file_that_is_in_the_way_is_named_and_kept(path: Path, keyring: FileKeyring) -> None:
    beside = path.with_name("guests.keys.new")
    beside.write_text("something else")
    with pytest.raises(StoreUnavailable, match=r"guests\.keys\.new cannot be written"):
        keyring.change_master(None)
    keyring.destroy([keyring.reserve(1)[0][0]])
    FileKeyring(path).close()
    assert beside.read_text() == "something else"
    assert [fault for fault in keyring.check() if "guests.keys.new" in fault]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_file_stays_its_owners(path: Path, keyring: FileKeyring) -> None:
    os.chown(path, 65534, 65534)
    keyring.change_master(None)
    now = path.stat()
    assert (now.st_uid, now.st_gid, now.st_mode & 0o777) == (65534, 65534, 0o600)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "safe").mkdir()
    direct = FileKeyring(tmp_path / "safe" / "guests.keys")
    made = direct.reserve(2)
    link = tmp_path / "guests.keys"
    link.symlink_to(direct.path)
    linked = FileKeyring(link)
    linked.change_master(None)
    assert link.is_symlink()
    for keyring in (direct, linked, FileKeyring(direct.path), FileKeyring(link)):
        assert keyring.keys([n for n, _ in made]) == [key for _, key in made]
    linked.destroy([made[0][0]])
    assert direct.key(made[0][0]) is None


def test_a_damaged_key_stops_the_change_and_is_told_by_a_check(
    path: Path, keyring: FileKeyring
) -> None:
    keyring.reserve(3)
    with path.open("r+b") as file:
        file.seek(HEAD + 65)
        file.write(b"\xff\xff\xff")
    with pytest.raises(StoreCorrupt, match="Key 2 "):
        keyring.change_master(None)
    assert left(path) == []
    assert [fault for fault in keyring.check() if fault.startswith("Key 2 ")] == keyring.check()


def test_a_disk_that_fails_is_the_store_being_unavailable(
    keyring: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    ((number, key),) = keyring.reserve(1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        for work in (
            lambda: keyring.reserve(5_000),
            lambda: keyring.destroy([number]),
            lambda: keyring.settled([number]),
            lambda: keyring.change_master(None),
        ):
            with pytest.raises(StoreUnavailable, match="No space left on device"):
                work()
    assert keyring.key(number) == key
    assert keyring.reserve(5_000)
