"""The program that looks after keys."""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from profilecore import Engine
from profilecore_sealed import FileKeyring, SealedStore, open_store
from profilecore_sealed.command import main
from profilecore_sealed.keyformat import HEAD


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Give the URL of a sealed store with a guest."""
    url = f"sealed+sqlite:///{tmp_path}/guests.db?keyring={tmp_path}/guests.keys"
    with Engine.open(url) as engine:
        engine.create({"last_name": "Zqname"})
    return url


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_a_sound_keyring_is_told_to_be_sound(url: str, tmp_path: Path) -> None:
    result = run("check", tmp_path / "guests.keys")
    assert (result.exit_code, result.output) == (0, "keys in doubt   0\n")


def test_a_keyring_that_others_can_read_is_told(url: str, tmp_path: Path) -> None:
    (tmp_path / "guests.keys").chmod(0o644)
    result = run("check", tmp_path / "guests.keys")
    assert result.exit_code == 1
    assert "permissions 600" in result.output


def test_the_master_key_is_changed(url: str, tmp_path: Path) -> None:
    keyring, master = tmp_path / "guests.keys", tmp_path / "master"
    master.write_text("1f" * 32)
    assert run("change-master", keyring, "--new", master).output == "changed\n"
    assert "needs its master key" in run("check", keyring).output
    assert run("check", keyring, "--master", master).exit_code == 0
    with Engine.open(f"{url}&master={master}") as engine:
        assert [p.last_name for p in engine.search("zqn").items] == ["Zqname"]
    assert run("change-master", keyring, "--master", master, "--none").exit_code == 0
    FileKeyring(keyring).close()


@pytest.mark.parametrize("options", [[], ["--none", "--new", "x"]])
def test_one_new_master_key_is_named_or_none(url: str, tmp_path: Path, options: list[str]) -> None:
    result = run("change-master", tmp_path / "guests.keys", *options)
    assert result.exit_code == 2
    assert "--none" in result.output


def test_all_keys_are_changed(url: str) -> None:
    result = run("change-keys", url)
    assert result.exit_code == 0
    assert result.output.startswith("sealed anew   ")
    with Engine.open(url) as engine:
        assert [p.last_name for p in engine.search("zqn").items] == ["Zqname"]


def test_an_interrupted_change_of_keys_says_since_when_and_can_begin_again(url: str) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    def interrupt() -> None:
        then = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
        with closing(open_store(url)) as store, suppress(KeyboardInterrupt):
            store.change_keys(stop, clock=lambda: then)

    interrupt()
    assert run("change-keys", url).output.splitlines() == [
        "goes on from 2026-01-05 08:30 UTC; --anew begins again",
        "sealed anew   0",
    ]
    interrupt()
    assert run("change-keys", url, "--anew").output == "sealed anew   2\n"
    assert run("change-keys", url).output == "sealed anew   2\n"


def test_what_cannot_be_read_is_purged(url: str, tmp_path: Path) -> None:
    with Engine.open(url) as engine:
        assert isinstance(engine.store, SealedStore)
        engine.store.keyring.destroy([1])
    assert run("purge", url).output == "purged   1\n"
    assert run("purge", url).output == "purged   0\n"


def test_what_goes_wrong_is_one_line(tmp_path: Path) -> None:
    result = run("purge", f"sealed+sqlite:///{tmp_path}/none.db?keyring={tmp_path}/none.keys")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "Traceback" not in result.output


def test_a_damaged_key_is_told(url: str, tmp_path: Path) -> None:
    with (tmp_path / "guests.keys").open("r+b") as file:
        file.seek(HEAD + 20)
        file.write(b"\x01\x02\x03")
    result = run("check", tmp_path / "guests.keys")
    assert result.exit_code == 1
    assert "Key 1 of " in result.output
