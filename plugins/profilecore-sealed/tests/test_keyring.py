"""Keys are durable before they are given, given once, and gone once they are destroyed."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from profilecore.errors import StoreCorrupt, StoreUnavailable
from profilecore_sealed import FileKeyring
from profilecore_sealed.keyformat import HEAD, MOST_RUNS


def a_master(path: Path, byte: int) -> Path:
    path.write_text(f"{bytes([byte] * 32).hex()}\n")
    return path


def test_keys_are_there_when_the_file_is_opened_again(path: Path, keyring: FileKeyring) -> None:
    made = keyring.reserve(3)
    keyring.close()
    again = FileKeyring(path)
    assert again.keys([number for number, _ in made]) == [key for _, key in made]
    assert (again.id, again.salt, again.word_key) == (keyring.id, keyring.salt, keyring.word_key)
    assert again.check() == []


def test_no_key_is_given_twice(path: Path, keyring: FileKeyring) -> None:
    other = FileKeyring(path)
    given = [*keyring.reserve(5), *other.reserve(40), *keyring.reserve(400), *other.reserve(1)]
    assert len({number for number, _ in given}) == len({key for _, key in given}) == 446
    assert min(number for number, _ in given) > 0


def test_a_destroyed_key_is_gone_from_the_file(path: Path, keyring: FileKeyring) -> None:
    made = keyring.reserve(4)
    numbers = [number for number, _ in made]
    before = path.read_bytes()
    keyring.destroy([*numbers[1:3], numbers[1]])
    assert keyring.keys(numbers) == [made[0][1], None, None, made[3][1]]
    assert FileKeyring(path).keys(numbers) == keyring.keys(numbers)
    after = path.read_bytes()
    place = HEAD + (numbers[1] - 1) * 60
    assert any(before[place : place + 120])
    assert not any(after[place : place + 120])


def test_the_file_holds_no_key_in_the_clear(path: Path, tmp_path: Path) -> None:
    keyring = FileKeyring(path, a_master(tmp_path / "master", 7))
    made = keyring.reserve(20)
    content = path.read_bytes()
    secrets = [key for _, key in made] + [keyring.salt, keyring.word_key, bytes([7] * 32)]
    assert not any(secret in content for secret in secrets)


def test_new_keys_are_in_doubt_until_somebody_tells(path: Path, keyring: FileKeyring) -> None:
    numbers = [number for number, _ in keyring.reserve(6)]
    assert FileKeyring(path).in_doubt() == numbers
    keyring.settled(numbers[:2])
    keyring.destroy(numbers[4:])
    assert FileKeyring(path).in_doubt() == numbers[2:4]
    keyring.settled(numbers)
    assert keyring.in_doubt() == []


def test_more_doubt_than_there_is_room_for_names_too_many_not_too_few(
    keyring: FileKeyring,
) -> None:
    numbers = [number for number, _ in keyring.reserve(2_000)]
    keyring.settled(numbers[1::2])
    assert set(numbers[::2]) <= set(keyring.in_doubt()) <= set(numbers)


def test_room_for_doubts_that_is_short_gives_no_retired_key_back(
    path: Path, keyring: FileKeyring
) -> None:
    other = FileKeyring(path)
    numbers = [number for number, _ in other.reserve(MOST_RUNS * 2 + 4)]
    keyring.reserve(1)  # has some in stock
    other.retire()
    retired = other.made()
    other.settled(numbers[1::2])  # from the first on all are in doubt now, for want of room
    assert min(number for number, _ in keyring.reserve(3)) > retired


def test_a_key_destroyed_for_another_doubt_is_not_given_afterwards(
    path: Path, keyring: FileKeyring
) -> None:
    keyring.reserve(1)
    other = FileKeyring(path)
    numbers = [number for number, _ in other.reserve(2_000)]
    other.settled(numbers[1::2])  # from the first on all are in doubt now, for want of room
    other.destroy(other.in_doubt())
    made = keyring.reserve(100)
    assert keyring.keys([number for number, _ in made]) == [key for _, key in made]


def test_no_key_is_made_where_none_is_asked_for(path: Path, keyring: FileKeyring) -> None:
    before = path.read_bytes()
    assert keyring.reserve(0) == []
    assert path.read_bytes() == before


def test_an_older_copy_is_not_taken_for_an_erasure(path: Path, keyring: FileKeyring) -> None:
    copy = path.read_bytes()
    (number, _), *_ = keyring.reserve(1)
    keyring.close()
    path.write_bytes(copy)
    with pytest.raises(StoreCorrupt, match="older copy"):
        FileKeyring(path).keys([number])


def test_a_damaged_key_is_named(path: Path, keyring: FileKeyring) -> None:
    (number, _), *_ = keyring.reserve(1)
    with path.open("r+b") as file:
        file.seek(HEAD + (number - 1) * 60 + 20)
        file.write(b"\x01\x02\x03")
    with pytest.raises(StoreCorrupt, match=f"Key {number} "):
        keyring.keys([number])


def test_a_key_cut_off_is_named(path: Path, keyring: FileKeyring) -> None:
    *_, (number, _) = keyring.reserve(64)
    os.truncate(path, HEAD + (number - 1) * 60 + 30)
    with pytest.raises(StoreCorrupt, match=f"Key {number} "):
        keyring.keys([number])


@pytest.mark.parametrize("number", [0, 2**62, 2**64 - 1])
def test_a_number_that_no_key_can_have_is_refused(keyring: FileKeyring, number: int) -> None:
    with pytest.raises(StoreCorrupt, match="never had"):
        keyring.keys([number])


def test_a_master_key_is_needed_again(path: Path, tmp_path: Path) -> None:
    master, wrong = a_master(tmp_path / "one", 1), a_master(tmp_path / "two", 2)
    FileKeyring(path, master).close()
    with pytest.raises(StoreUnavailable, match="needs its master key"):
        FileKeyring(path)
    with pytest.raises(StoreUnavailable, match="another master key"):
        FileKeyring(path, wrong)
    assert FileKeyring(path, master).check() == []


@pytest.mark.parametrize("text", ["", "abcd", "x" * 64, "é" * 64])
def test_what_is_no_master_key_is_refused(path: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "master").write_text(text, encoding="utf-8")
    with pytest.raises(StoreUnavailable, match="no master key"):
        FileKeyring(path, tmp_path / "master")
    assert not path.exists()


def test_changing_the_master_key_keeps_all_keys(path: Path, tmp_path: Path) -> None:
    one, two = a_master(tmp_path / "one", 1), a_master(tmp_path / "two", 2)
    keyring = FileKeyring(path, one)
    made = keyring.reserve(10)
    numbers = [number for number, _ in made]
    keyring.destroy(numbers[:1])
    keyring.change_master(two)
    wanted = [None, *(key for _, key in made[1:])]
    assert keyring.keys(numbers) == FileKeyring(path, two).keys(numbers) == wanted
    assert keyring.in_doubt() == numbers[1:]
    with pytest.raises(StoreUnavailable):
        FileKeyring(path, one)
    keyring.change_master(None)
    assert FileKeyring(path).keys(numbers) == wanted
    assert not {n for n, _ in keyring.reserve(50)} & set(numbers)


def test_others_go_on_when_the_master_key_was_changed(path: Path, tmp_path: Path) -> None:
    master = a_master(tmp_path / "master", 1)
    keyring, other = FileKeyring(path, master), FileKeyring(path, master)
    made = other.reserve(3)
    keyring.change_master(a_master(tmp_path / "next", 2))
    (tmp_path / "next").replace(master)
    assert other.keys([number for number, _ in made]) == [key for _, key in made]
    other.destroy([made[0][0]])
    assert FileKeyring(path, master).keys([made[0][0]]) == [None]
    assert not {n for n, _ in other.reserve(5)} & {n for n, _ in made}


def test_an_interrupted_change_leaves_the_old_master_key(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = a_master(tmp_path / "one", 1), a_master(tmp_path / "two", 2)
    keyring = FileKeyring(path, one)
    made = keyring.reserve(3)

    def no_room(*_: object) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", no_room)
        with pytest.raises(StoreUnavailable, match="full"):
            keyring.change_master(two)
    again = FileKeyring(path, one)
    assert again.keys([n for n, _ in made]) == [key for _, key in made]


def test_a_file_that_is_no_keyring_is_refused(path: Path) -> None:
    path.write_bytes(b"something else")
    with pytest.raises(StoreCorrupt, match="no keyring"):
        FileKeyring(path)


def test_a_missing_keyring_is_made_only_if_asked_for(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        FileKeyring(path, create=False)
    with pytest.raises(StoreUnavailable, match="directory that exists"):
        FileKeyring(path / "deeper" / "guests.keys")


def test_others_may_not_read_the_file(path: Path, keyring: FileKeyring) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    assert [fault for fault in keyring.check() if "600" in fault]


def test_a_closed_keyring_gives_nothing(keyring: FileKeyring) -> None:
    (number, _), *_ = keyring.reserve(1)
    keyring.close()
    keyring.close()
    for use in (lambda: keyring.reserve(1), lambda: keyring.keys([number])):
        with pytest.raises(StoreUnavailable, match="closed"):
            use()


def _reserve(path: Path, answers: multiprocessing.SimpleQueue[list[int]]) -> None:
    keyring = FileKeyring(path)
    answers.put([keyring.reserve(1)[0][0] for _ in range(200)])


def test_processes_at_once_get_different_keys(path: Path, keyring: FileKeyring) -> None:
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[list[int]] = context.SimpleQueue()
    children = [context.Process(target=_reserve, args=(path, answers)) for _ in range(3)]
    for child in children:
        child.start()
    given = [number for _ in children for number in answers.get()]
    for child in children:
        child.join()
    assert len(set(given)) == len(given) == 600
    assert set(keyring.in_doubt()) >= set(given)


def test_a_fork_does_not_go_on_with_its_parents_keys(keyring: FileKeyring) -> None:
    keyring.reserve(1)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[list[int]] = context.SimpleQueue()
    child = context.Process(
        target=lambda: answers.put([number for number, _ in keyring.reserve(3)])
    )
    child.start()
    theirs = answers.get()
    child.join()
    assert not set(theirs) & {number for number, _ in keyring.reserve(30)}
