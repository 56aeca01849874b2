"""Files of a run and their entries come about together, also where a run is killed between."""

from __future__ import annotations

from pathlib import Path

import pytest
from exports_kit import HANS, World

from profilecore_exports import DirectoryTransport
from profilecore_exports.placing import PART, Placing, finish
from profilecore_exports.register import sent_files

FORMAT = "pt.siba"


class Killed(BaseException):
    """Stands for the end of the process: nothing is cleaned up."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(Placing, "drop", lambda placing: None)
    return monkeypatch


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed(*args: object) -> None:
    raise Killed


def export_killed(world: World, kill: pytest.MonkeyPatch, step: str) -> None:
    """Export, and be killed where the files were to take a step."""
    with kill.context() as patch:
        patch.setattr(Placing, step, killed)
        with pytest.raises(Killed):
            world.export(FORMAT)


def test_a_run_that_was_killed_before_the_register_had_it_leaves_nothing_to_send(
    world: World, kill: pytest.MonkeyPatch
) -> None:
    world.stay(world.guest(HANS))
    export_killed(world, kill, "settle")
    assert [name.endswith(PART) for name in names(world.folder)] == [True]
    assert list(sent_files(world.engine.store)) == []
    run = world.export(FORMAT)
    assert names(world.folder) == [file.name for file in run.files]
    assert run.counts == {"reported": 1}


def test_what_the_register_has_gets_its_name_from_the_next_run(
    world: World, kill: pytest.MonkeyPatch
) -> None:
    world.stay(world.guest(HANS))
    export_killed(world, kill, "show")
    (sent,) = sent_files(world.engine.store)
    assert names(world.folder) != [sent.name]
    world.stay(world.guest(HANS))
    run = world.export(FORMAT)
    assert run.counts == {"already": 1, "reported": 1}
    assert names(world.folder) == [sent.name, run.files[0].name]


def test_what_the_register_has_is_sent_though_its_run_was_killed(
    world: World, kill: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from profilecore_exports import send

    world.stay(world.guest(HANS))
    export_killed(world, kill, "show")
    to = DirectoryTransport(tmp_path / "taken")
    form = world.format(FORMAT)
    (out,) = send(world.engine, form, world.folder, "P1", transport=to)
    assert names(tmp_path / "taken") == [out.name]


def test_a_file_that_another_run_took_for_a_leftover_is_there_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stay(world.guest(HANS))
    settle = Placing.settle

    def swept(placing: Placing) -> None:
        finish(world.engine, world.folder)
        settle(placing)

    monkeypatch.setattr(Placing, "settle", swept)
    run = world.export(FORMAT)
    assert names(world.folder) == [file.name for file in run.files]


def test_files_of_others_in_the_directory_are_left_alone(world: World) -> None:
    (world.folder / "download.part").write_text("mine")
    world.stay(world.guest(HANS))
    world.export(FORMAT)
    assert "download.part" in names(world.folder)
