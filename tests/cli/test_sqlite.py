"""The program on SQLite files, mostly as real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytestmark = pytest.mark.usefixtures("needs_sqlite")
PROGRAM = (sys.executable, "-m", "profilecore")
Write = Callable[[str, str], str]


def process(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *args], cwd=cwd, capture_output=True, text=True, check=False)


def answered(*args: str, cwd: Path) -> Any:
    done = process(*args, "--json", cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return msgspec.json.decode(done.stdout)


@pytest.mark.parametrize(
    "args",
    [
        ("search", "a"),
        ("show", "x"),
        ("update", "x", "last_name=A"),
        ("clear", "x", "--yes"),
        ("changes",),
    ],
)
def test_a_missing_store_is_said_and_not_made(tmp_path: Path, args: tuple[str, ...]) -> None:
    done = process(*args, cwd=tmp_path)
    assert done.returncode == 1
    assert "profilecore.db does not exist" in done.stderr
    assert "init" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    said = process("--json", *args, cwd=tmp_path)
    assert msgspec.json.decode(said.stdout)["error"] == "store-unavailable"


def test_rules_and_plugins_need_no_store(tmp_path: Path) -> None:
    assert len(answered("rules", cwd=tmp_path)["items"]) > 40
    assert "sqlite" in answered("plugins", cwd=tmp_path)["stores"]
    assert list(tmp_path.iterdir()) == []


def test_init_makes_a_store_once(tmp_path: Path) -> None:
    first = answered("init", cwd=tmp_path)
    assert first["created"] is True
    assert (tmp_path / "profilecore.db").exists()
    assert answered("init", cwd=tmp_path)["created"] is False


def test_a_day_at_the_desk(tmp_path: Path) -> None:
    store = ("--store", "sqlite:///desk.db")
    ana = answered(*store, "create", "last_name=García", "email=a@example.com", cwd=tmp_path)["id"]
    twin = answered(*store, "create", "last_name=Garcia", cwd=tmp_path)["id"]
    merge = answered(*store, "merge", ana, twin, cwd=tmp_path)["id"]
    assert answered(*store, "show", twin, cwd=tmp_path)["id"] == ana
    assert answered(*store, "unmerge", merge, cwd=tmp_path)["exact"] is True
    receipt = answered(*store, "clear", ana, "--yes", cwd=tmp_path)
    assert receipt["status"] == "erased"
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "García".encode() not in held
    assert b"a@example.com" not in held
    assert b"Garcia" in held


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "profilecore.db").write_text("nothing of the kind, and long enough " * 100)
    done = process("search", "a", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_an_import_that_was_stopped_goes_on_where_it_stopped(tmp_path: Path, write: Write) -> None:
    count = 12_000
    rows = "".join(f"{n},García{n},Ana,a{n}@example.com\n" for n in range(count))
    file = write("pms.csv", "guest_id,surname,given_name,e_mail\n" + rows)
    running = subprocess.Popen([*PROGRAM, "import", file], cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        seen = process("search", "garcia0", "--json", cwd=tmp_path)
        if seen.returncode == 0 and msgspec.json.decode(seen.stdout)["items"]:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    code = running.wait(60)
    rest = answered("import", file, cwd=tmp_path)
    if code == 130:
        assert rest["skipped"] >= 4_000
        assert rest["created"] == count - rest["skipped"]
    else:  # it was done before it could be stopped
        assert rest["unchanged"] == count
    assert answered("search", "garcia11999", cwd=tmp_path)["items"]
