"""The command that takes in files of guests and of stays."""

from __future__ import annotations

import abc
import codecs
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import click

from profilecore.cli import columns, stay_rows, targets
from profilecore.cli.columns import ColumnMap
from profilecore.cli.invocation import LONGEST_SOURCE, Invocation, source_name
from profilecore.cli.printing import say
from profilecore.cli.program import OK, REFUSED, Interrupted
from profilecore.cli.rejects import REJECTS, Rejects, is_rejects
from profilecore.cli.rows import Table, open_table
from profilecore.cli.targets import Target
from profilecore.cli.waiting import Count, progress
from profilecore.engine.loading import LoadReport, Reject

Watch = Callable[[LoadReport], None]
OnReject = Callable[[Reject], None]


def _help() -> str:
    width = max(map(len, targets.known_columns()))
    lines = "\n".join(
        f"    {target:<{width}}  {', '.join(names[:3])}"
        for target, names in targets.known_columns().items()
    )
    return f"""Take in guests from a CSV or JSON Lines file.

    Columns that are named as people name them go where they belong by themselves; --map says
    where the others go, or with --map COLUMN= leaves one out.  A row whose external_id is known
    from the source updates that profile, so a file may be imported again.  Interrupted, the
    same command goes on where it stopped.  Rows with faults go to the rejects file, which can
    be corrected and imported.

    \b
    Targets, and columns that go there by themselves (case, blanks do not count):
{lines}

    \b
    More targets for --map:
      any field of a profile       occupation, billing_code, accessibility, ...
      external_id:SYSTEM           the id in another system
      address2.city, document2.*   parts of a second item
      phone.mobile, phone.home     telephones of a kind; email.business
      custom.NAME                  a custom field that the configuration declares

    With --stays the file holds stays: {", ".join(stay_rows.known_fields())}.
    """


def _encoding(_context: click.Context, _option: click.Parameter, value: str) -> str:
    try:
        found = codecs.lookup(value)
    except (LookupError, ValueError):
        raise click.BadParameter("is no encoding") from None
    if not getattr(found, "_is_text_encoding", True):  # as hex, which makes bytes of bytes
        raise click.BadParameter("is no encoding of text; try utf-8 or cp1252")
    return found.name


@click.command("import", help=_help())
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--source",
    callback=source_name,
    metavar="NAME",
    help="The source system; the file's name if not given.",
)
@click.option("--map", "maps", multiple=True, metavar="COLUMN=TARGET", help="Where a column goes.")
@click.option(
    "--rejects",
    "rejects_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where rows with faults go; beside the file if not given.",
)
@click.option("--region", metavar="CC", help="The country of national telephone numbers, as US.")
@click.option("--encoding", default="utf-8", callback=_encoding, help="UTF-8 if not given.")
@click.option("--stays", is_flag=True, help="The file holds stays of guests known already.")
@click.pass_obj
def import_(
    invocation: Invocation,
    file: Path,
    source: str | None,
    maps: tuple[str, ...],
    rejects_path: Path | None,
    region: str | None,
    encoding: str,
    stays: bool,
) -> int:
    if region is not None:
        invocation.set("region", _region(region))
    table = open_table(file, encoding)
    if stays:
        job: Import = Stays.prepare(invocation, table, source, maps)
    else:
        job = Guests.prepare(invocation, table, source or _named(table), maps)
    target = rejects_path or _beside(file)
    if target.absolute() == file.absolute():
        raise click.BadParameter("is the file that is imported", param_hint="--rejects")
    return _run(invocation, job, Rejects(target, table, job.name))


def _named(table: Table) -> str:
    """Give the source after which a file is named; of a rejects file that of what was imported."""
    name = table.path.stem
    if is_rejects(table):
        while name.endswith(REJECTS):
            name = name.removesuffix(REJECTS)
    if ":" in name:
        raise click.UsageError("The file's name has a colon, so say --source NAME.")
    if len(name) > LONGEST_SOURCE:
        raise click.UsageError(
            f"The file's name is longer than the {LONGEST_SOURCE} characters of a source, "
            "so say --source NAME."
        )
    return name


def _region(given: str) -> str:
    from profilecore.normalise import codes

    try:
        return codes.country(given)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--region") from None


def _beside(file: Path) -> Path:
    path = file.with_name(f"{file.stem}{REJECTS}{file.suffix}")
    return path if os.access(file.absolute().parent, os.W_OK) else Path(path.name)


def _read_maps(texts: tuple[str, ...], parse: Callable[[str], Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for text in texts:
        column, equals, target = text.rpartition("=")
        if not equals or not column:
            raise click.BadParameter(f"{text} is no COLUMN=TARGET", param_hint="--map")
        try:
            read[column] = None if target in ("", "-") else parse(target)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--map") from None
    return read


def _job_name(table: Table, *more: Any) -> str:
    """Name a job after its file and what is done with it, so that only the same goes on."""
    stat = table.path.stat()
    facts = (str(table.path.resolve()), stat.st_size, stat.st_mtime_ns, table.encoding, *more)
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


_MOST_UNMAPPED = 1_000  # of a file whose rows name their own columns


@attrs.define
class Import(abc.ABC):
    """One import to be done.  ``name`` is the same for the same file and options."""

    name: str
    table: Table
    unmapped: dict[str, None] = attrs.field(factory=dict, kw_only=True)

    @abc.abstractmethod
    def run(self, invocation: Invocation, rejects: OnReject, watch: Watch) -> LoadReport:
        """Do it."""

    def rows(self, unmapped: Callable[[Mapping[str, Any]], Iterable[str]]) -> Iterator[Any]:
        """Yield the rows of the file, noting what goes nowhere of those that name their columns."""
        if not self.table.is_json:
            return self.table.rows()
        return self._noted(unmapped)

    def _noted(self, unmapped: Callable[[Mapping[str, Any]], Iterable[str]]) -> Iterator[Any]:
        for row in self.table.rows():
            if len(self.unmapped) < _MOST_UNMAPPED:
                self.unmapped.update(dict.fromkeys(unmapped(row)))
            yield row


@attrs.define
class Guests(Import):
    """An import of guests."""

    column_map: ColumnMap

    @classmethod
    def prepare(
        cls, invocation: Invocation, table: Table, source: str, maps: tuple[str, ...] = ()
    ) -> Guests:
        """Plan where each column goes.

        :raises click.UsageError: where that cannot be.
        """
        given: Mapping[str, Target | None] = _read_maps(maps, targets.parse)
        if table.columns:
            try:
                planned = columns.plan_columns(table.columns, given)
            except ValueError as error:
                raise click.BadParameter(str(error), param_hint="--map") from None
            if not columns.has_name(planned.values()):
                listed = ", ".join(table.columns)
                raise click.UsageError(
                    f"No column holds the last name; add --map COLUMN=last_name. "
                    f"The columns are {listed}."
                )
            unmapped = columns.unmapped(planned, given)
        else:
            planned, unmapped = dict(given), []
        _require_declared(invocation, planned.values())
        region = invocation.region
        name = _job_name(table, source, sorted(maps), region)
        column_map = ColumnMap(source, region, planned)
        return cls(name, table, column_map, unmapped=dict.fromkeys(unmapped))

    def run(self, invocation: Invocation, rejects: OnReject, watch: Watch) -> LoadReport:
        return invocation.open(create=True).load(
            self.rows(self.column_map.unmapped),
            source=self.column_map.source,
            convert=self.column_map,
            job=self.name,
            on_reject=rejects,
            on_progress=watch,
        )


def _require_declared(invocation: Invocation, planned: Any) -> None:
    if invocation.given is not None:
        return
    declared = invocation.config.get("profilecore", {}).get("custom_fields", {})
    wanted = [t.part for t in planned if t is not None and t.field == "custom" and t.part]
    for name in wanted:
        if name not in declared:
            raise click.UsageError(
                f"custom.{name} is not declared; put into profilecore.toml under [profilecore]: "
                f'custom_fields = {{ {name} = "personal" }}'
            )


@attrs.define
class Stays(Import):
    """An import of stays."""

    stay_map: stay_rows.StayMap

    @classmethod
    def prepare(
        cls, _: Invocation, table: Table, source: str | None, maps: tuple[str, ...] = ()
    ) -> Stays:
        """Plan where each column goes.

        :raises click.UsageError: where that cannot be.
        """
        given = _read_maps(maps, stay_rows.parse)
        try:
            stay_map = stay_rows.StayMap.plan(table.columns, given, source)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        name = _job_name(table, "stays", source, sorted(maps))
        unmapped = dict.fromkeys(stay_map.unmapped(table.columns))
        return cls(name, table, stay_map, unmapped=unmapped)

    def run(self, invocation: Invocation, rejects: OnReject, watch: Watch) -> LoadReport:
        engine = invocation.open(create=True)
        rows = self.rows(self.stay_map.unmapped)
        return stay_rows.load(engine, rows, self.stay_map, rejects, watch)


def _run(invocation: Invocation, job: Import, rejects: Rejects) -> int:
    started = time.perf_counter()
    so_far = LoadReport()

    def told(report: LoadReport) -> None:
        nonlocal so_far
        so_far = report
        show(job.table.path.name, report.done, rows)
        if invocation.watch is not None:
            invocation.watch(report)

    rows = max(job.table.lines - 1, 1)
    with rejects, progress(Count.THINGS) as show:
        try:
            report = job.run(invocation, rejects, told)
        except KeyboardInterrupt:
            done = so_far.done
            raise Interrupted(
                {
                    "error": "interrupted",
                    "message": f"Interrupted after {done} rows; the same command goes on there.",
                    "done": done,
                }
            ) from None
        written = rejects.finish()
    answer = {
        **{name: getattr(report, name) for name in _COUNTS},
        "unmapped": list(job.unmapped),
        "rejects": str(written) if written else None,
        "seconds": round(time.perf_counter() - started, 3),
    }
    invocation.answer(answer, lambda: _show(answer))
    return REFUSED if rejects.count else OK


_COUNTS = ("created", "updated", "unchanged", "rejected", "skipped")


def _show(answer: dict[str, Any]) -> None:
    counts = ", ".join(f"{answer[name]} {name}" for name in _COUNTS if answer[name])
    say(f"{counts or 'No rows'} in {answer['seconds']:.1f} s")
    if answer["unmapped"]:
        say(f"not imported: {', '.join(answer['unmapped'])}")
    if answer["rejects"]:
        say(f"The rejected rows, with the reasons: {answer['rejects']}")
