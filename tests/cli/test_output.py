"""What the program prints where the output takes not every character, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

PROGRAM = (sys.executable, "-m", "profilecore")
ODD = "Łuk2 \N{SMILING FACE WITH SUNGLASSES} é"


def process(
    *args: str | bytes, cwd: Path, encoding: str = "utf-8", **more: object
) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONIOENCODING": encoding, **more}
    return subprocess.run([*PROGRAM, *args], cwd=cwd, capture_output=True, check=False, env=env)


@pytest.mark.usefixtures("needs_sqlite")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_no_character_is_too_much_for_the_output(tmp_path: Path, encoding: str) -> None:
    made = process("create", f"last_name={ODD}", cwd=tmp_path, encoding=encoding)
    assert (made.returncode, b"Traceback" in made.stderr) == (0, False)
    id = made.stdout.split()[1].rstrip(b":").decode()
    for args in (("show", id), ("search", "Łuk2")):
        shown = process(*args, cwd=tmp_path, encoding=encoding)
        assert (shown.returncode, b"Traceback" in shown.stderr) == (0, False)
        told = process(*args, "--json", cwd=tmp_path, encoding=encoding)
        assert (told.returncode, told.stdout.isascii()) == (0, True)
        answer = msgspec.json.decode(told.stdout)
        assert answer.get("items", [answer])[0]["last_name"] == ODD


def test_a_refusal_is_told_in_any_output(tmp_path: Path) -> None:
    for args in (("show", ODD), ("show", ODD, "--json"), (ODD,), (ODD, "--json")):
        told = process("--store", "memory://", *args, cwd=tmp_path, encoding="cp1252")
        assert told.returncode in (1, 2)
        assert b"Traceback" not in told.stderr


def into_full(cwd: Path, *args: str, stderr: Any = subprocess.PIPE, unbuffered: str = "") -> Any:
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:
        command = [*PROGRAM, "--store", "memory://", *args]
        return subprocess.run(
            command, cwd=cwd, env=env, stdout=full, stderr=stderr or full, check=False
        )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize(
    "args", [("search", "x"), ("--json", "search", "x"), ("--json", "show", "x"), ("--help",)]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_full_is_told(
    tmp_path: Path, args: tuple[str, ...], unbuffered: str
) -> None:
    done = into_full(tmp_path, *args, unbuffered=unbuffered)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert said.startswith("The output or a file: No space left on device. What the command did")
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_program_that_can_tell_nothing_still_ends_with_its_code(tmp_path: Path) -> None:
    assert into_full(tmp_path, "--json", "search", "x", stderr=None).returncode == 1


@pytest.mark.parametrize(
    "args",
    [
        ("create", "last_name=A", "--key", b"\xff"),
        ("create", "last_name=A", "--source", b"\xff"),
        ("create", b"last_name=\xff"),
        ("--actor", b"\xff", "create", "last_name=A"),
        ("search", "--tag", b"\xff"),
        ("show", b"\xff", "--json"),
        ("import", b"\xff.csv"),
    ],
)
def test_arguments_that_are_not_utf_8_are_wrong_usage(
    tmp_path: Path, args: tuple[str | bytes, ...]
) -> None:
    (tmp_path / os.fsdecode(b"\xff.csv")).write_text("surname\nA\n")
    done = process("--store", "memory://", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"is not UTF-8" in done.stderr


def test_a_variable_that_is_not_utf_8_is_wrong_usage(tmp_path: Path) -> None:
    args = ("--store", "memory://", "create", "last_name=A")
    done = process(*args, cwd=tmp_path, PROFILECORE_ACTOR=b"\xff")
    assert done.returncode == 2
    assert b"is not UTF-8" in done.stderr
