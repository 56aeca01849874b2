"""``profilecore copy FROM TO`` moves a host that outgrows its store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from profilecore import Engine, Profile
from profilecore.cli import main
from profilecore.store import open_store


@pytest.fixture
def guests(tmp_path: Path, part: Callable[[str], Any]) -> str:
    part("profilecore_sqlite")
    url = f"sqlite:///{tmp_path / 'guests.db'}"
    with Engine.open(url, discover=False) as engine:
        engine.create(Profile(last_name="García"))
    return url


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_a_store_is_copied_and_compared(guests: str, tmp_path: Path) -> None:
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    code, said = run("copy", guests, copy)
    assert code == 0
    assert "profile" in said
    assert "Both stores hold the same" in said
    with Engine.open(copy, discover=False) as engine:
        assert engine.search("garc").items[0].last_name == "García"


def test_a_source_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    code, said = run("copy", f"sqlite:///{missing}", f"sqlite:///{tmp_path / 'copy.db'}")
    assert code == 1
    assert "does not exist" in said
    assert not missing.exists()


def test_a_sealed_source_that_is_not_there_is_not_made(
    tmp_path: Path, part: Callable[[str], Any]
) -> None:
    part("profilecore_sqlite")
    part("profilecore_sealed")
    missing = f"sealed+sqlite:///{tmp_path / 'none.db'}?keyring={tmp_path / 'none.keys'}"
    code, said = run("copy", missing, f"sqlite:///{tmp_path / 'copy.db'}")
    assert code == 1
    assert "does not exist" in said
    assert list(tmp_path.iterdir()) == []


def test_files_whose_keys_are_gone_are_left_out_and_told(
    tmp_path: Path, part: Callable[[str], Any]
) -> None:
    part("profilecore_sqlite")
    part("profilecore_sealed")
    from profilecore_sealed.inventory import used_keys

    url = f"sealed+sqlite:///{tmp_path / 'guests.db'}?keyring={tmp_path / 'guests.keys'}"
    store = open_store(url)
    with store.write() as writer:
        writer.put_blob("one", b"%PDF-1.7")
        writer.put_blob("two", b"%PDF-1.7")
    with store.inner.read() as reader:  # type: ignore[attr-defined]
        gone = [number for number, place in used_keys(reader) if place == ("", "one")]
    store.keyring.destroy(gone)  # type: ignore[attr-defined]
    store.close()
    code, said = run("copy", url, f"sqlite:///{tmp_path / 'copy.db'}")
    assert code == 0
    assert "cannot be read: 1 blobs" in said
    code, said = run("copy", url, f"sqlite:///{tmp_path / 'other.db'}", "--json")
    assert '"left_out":1' in said


def test_a_store_that_holds_something_is_refused(guests: str, tmp_path: Path) -> None:
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    assert run("copy", guests, copy)[0] == 0
    code, said = run("copy", guests, copy)
    assert code == 1
    assert "not empty" in said
