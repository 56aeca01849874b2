"""No file of the repository names a package index or a directory of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written in parts, so that this file does not hold what it looks for.
INDEX_HOST = re.compile(
    r"\b(?:{}|{})\.org|/{}/".format("py" + "pi", "python" + "hosted", "sim" + "ple"), re.IGNORECASE
)
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:" + r"work|root|home" + r")/")
INDEX_OPTION = re.compile(r"index-" + r"url|find-" + r"links|file:" + r"//")


def tracked_files() -> list[Path]:
    """List the files that are, or with the next commit would be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git work tree")
    files = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in files if path.is_file()]


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_index() -> None:
    assert lines_with(INDEX_HOST, tracked_files()) == []


def test_no_file_names_a_directory_of_one_machine() -> None:
    assert lines_with(MACHINE_PATH, tracked_files()) == []


def test_locks_and_project_files_choose_no_index() -> None:
    files = [p for p in tracked_files() if p.suffix == ".toml" or p.parent.name == "requirements"]
    assert files
    assert lines_with(INDEX_OPTION, files) == []
