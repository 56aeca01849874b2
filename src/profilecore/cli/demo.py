"""The demonstration: a few thousand guests, and the story of one of them."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
import msgspec

from profilecore.cli.clearing import show_receipt
from profilecore.cli.importing import Guests, Import, Stays
from profilecore.cli.invocation import Invocation
from profilecore.cli.merging import show_plan
from profilecore.cli.printing import console, full_name, show_blockers, tree
from profilecore.cli.program import OK, REFUSED
from profilecore.cli.rows import open_table
from profilecore.engine import Engine
from profilecore.errors import ClearBlocked
from profilecore.rules.visibility import Actor

if TYPE_CHECKING:
    from rich.console import Console

    from profilecore.model.profile import Profile

WIDTH = 80
CIRCLE = "circle"
_PDF = b"%PDF-1.4\n% copy of the passport of "


@attrs.define
class Demo:
    """What the steps share: where they work, the guest of the story, what was said."""

    directory: Path
    guests: int
    console: Console
    engine: Engine
    files: dict[str, Path] = attrs.field(factory=dict)
    guest_id: str = ""
    twin_id: str = ""
    merge_id: str = ""
    hold_id: str = ""
    separate: list[dict[str, Any]] = attrs.field(factory=list)
    loyalty: Any = None
    points: str = ""
    failed: bool = False
    told: list[str] = attrs.field(factory=list)

    def say(self, text: str) -> None:
        """Tell what happened."""
        self.told.append(text)
        self.console.print(f"   {text}", soft_wrap=True)

    @property
    def guest(self) -> Profile:
        """The guest of the story as stored now."""
        return self.engine.get(self.guest_id)

    @contextlib.contextmanager
    def measured(self, what: str) -> Iterator[None]:
        """Tell how long something took."""
        started = time.perf_counter()
        yield
        self.say(f"{what} {_time(time.perf_counter() - started)}")


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def write_sources(demo: Demo) -> None:
    """Write the files that the two systems deliver."""
    from profilecore.testing.guests import write_csv

    demo.files = write_csv(demo.directory / "sources", demo.guests)
    for name, what in (("pms", "property system"), ("booking", "booking engine")):
        with demo.files[name].open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        demo.say(f"{len(rows):,} guests of the {what}, as {next(iter(rows[0]))}, ...")


def import_guests(demo: Demo) -> None:
    """Import both files of guests."""
    for name in ("pms", "booking"):
        _import(demo, name)


def import_again(demo: Demo) -> None:
    """Import one of them again."""
    _import(demo, "pms")


def import_stays(demo: Demo) -> None:
    """Import the stays of both."""
    _import(demo, "stays")


def _import(demo: Demo, name: str) -> None:
    invocation = Invocation(given=demo.engine)
    table = open_table(demo.files[name])
    job: Import
    if name == "stays":
        job = Stays.prepare(invocation, table, None)
    else:
        job = Guests.prepare(invocation, table, name)
    started = time.perf_counter()
    report = job.run(invocation, lambda _reject: None, lambda _report: None)
    took = time.perf_counter() - started
    counts = {n: getattr(report, n) for n in ("created", "updated", "unchanged", "rejected")}
    listed = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    demo.say(f"{name}: {listed} in {_time(took)}")
    if job.unmapped:
        demo.say(f"{name}: not imported: {', '.join(job.unmapped)}")


def search(demo: Demo) -> None:
    """Type a name letter by letter."""
    _meet_the_guest(demo)
    guest = demo.guest
    first, last = (guest.first_name or "").lower(), (guest.last_name or "").lower()
    typed = [last[:n] for n in (1, 2, 3, 5)] + [f"{last[:4].strip()} {first[:2]}"]
    if guest.phones:
        typed.append(guest.phones[0].value[-9:-3])
    for text in dict.fromkeys(typed):
        started = time.perf_counter()
        page = demo.engine.search(text, limit=20)
        took = _time(time.perf_counter() - started)
        shown = ", ".join(full_name(p) for p in page.items[:2])
        count = "20+" if page.next else str(len(page.items))
        demo.say(f"{text!r:<14} {count:>3} in {took:>7}: {shown}"[: WIDTH - 3])


def _meet_the_guest(demo: Demo) -> None:
    """Choose a guest whom both systems know, under names that differ."""
    by_id = {}
    for name in ("pms", "booking"):
        with demo.files[name].open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                by_id[f"{name}:{next(iter(row.values()))}"] = row
    best = -1.0
    with demo.files["truth"].open(encoding="utf-8", newline="") as file:
        for pair in csv.DictReader(file):
            pms, booking = by_id[pair["one"]], by_id[pair["two"]]
            if "last_name" not in pms or "surname" not in booking or not booking["surname"]:
                continue
            wanted = ("birth_date", "email", "phone", "city", "document_number")
            score = sum(bool(pms[name]) for name in wanted) + len(pms["last_name"]) / 100
            score += 2 * (booking["surname"] != pms["last_name"]) + bool(booking["telephone"])
            if score > best:
                best = score
                demo.guest_id = _known(demo.engine, pair["one"])
                demo.twin_id = _known(demo.engine, pair["two"])


def _known(engine: Engine, external: str) -> str:
    system, _, value = external.partition(":")
    return engine.search(external_id=(system, value), limit=1).items[0].id


def edit(demo: Demo) -> None:
    """Edit the guest, and attach a file."""
    before = demo.guest
    changes = {
        "notes": [{"text": "Asks for a quiet room over the garden, brings a Steinway tuner."}],
        "tags": {"add": ["garden-side"]},
        "occupation": "piano tuner",
    }
    with demo.engine.acting(Actor("desk-7", "P1")):
        with demo.measured(f"{full_name(before)}: note, tag and occupation added in"):
            after = demo.engine.update(before.id, changes, if_version=before.version)
        number = after.documents[0].number if after.documents else after.id
        content = _PDF + f"{full_name(after)}, number {number}".encode() + b"\n%%EOF\n"
        file = demo.engine.attach(after.id, f"passport-{after.last_name}.pdf", content)
    demo.say(
        f"version {before.version} became {after.version}; a PDF of {file.size} bytes attached"
    )


def ask(demo: Demo) -> None:
    """Ask who may be the same person as the guest."""
    if not demo.engine.plugins.contributions.matchers:
        demo.say("No plugin finds matches here; profilecore-duplicates does.")
        return
    with demo.measured("The index answered in"):
        found = demo.engine.matches(demo.guest_id)
    for match in found:
        same = ", ".join(r.field.replace("_", " ") for r in match.reasons if r.bits > 0)
        demo.say(f"{match.profile_id}, {match.probability:.1%}, by {same}")
    others = [match.profile_id for match in found]
    demo.say(
        f"{full_name(demo.engine.get(demo.twin_id))} is one of them."
        if demo.twin_id in others
        else "The other profile weighs too little to be asked about."
    )


def enrol(demo: Demo) -> None:
    """Enrol both profiles in a loyalty programme, and give them the points of their stays."""
    if not _has_loyalty(demo):
        demo.say("No plugin keeps points here; profilecore-loyalty does.")
        return
    from importlib import import_module

    plugin = import_module("profilecore_loyalty")
    demo.loyalty = loyalty = plugin.Loyalty(demo.engine)
    per_night = plugin.EarningRule(plugin.Measure.NIGHTS, 100)
    policy = plugin.ClearPolicy.CLOSE
    loyalty.define_programme(
        plugin.Programme(CIRCLE, "The Circle", earning=(per_night,), on_clear=policy)
    )
    for number, id in enumerate((demo.guest_id, demo.twin_id), 1):
        made = loyalty.enrol(id, CIRCLE)
        demo.say(f"{full_name(demo.engine.get(id))} has the number {made.number}")
        loyalty.earn(id, CIRCLE, 250 * number, f"welcome {number}", reason="welcome")
        for stay in demo.engine.stays(id):
            for movement in loyalty.earn_from_stay(stay, CIRCLE):
                demo.say(f"a stay of {stay.nights} nights earned {movement.points} points")
    demo.points = _points(demo)
    demo.say(f"They have {demo.points}")


def _has_loyalty(demo: Demo) -> bool:
    return "loyalty" in demo.engine.plugins.names


def _points(demo: Demo) -> str:
    """Write the points that each of the two ids leads to."""
    held = [demo.loyalty.membership(id, CIRCLE).balance for id in (demo.guest_id, demo.twin_id)]
    return " and ".join(f"{points:,}" for points in held)


def choose(demo: Demo) -> None:
    """Choose guests by an expression, and see where their bookings come from."""
    chosen = "tag = vip and nationality in (ES, PT, FR) and stays.count >= 1"
    answer = _command(demo, "segments", "define", "demo", chosen)
    if answer is None:
        demo.say("No plugin chooses guests here; profilecore-segments does.")
        return
    demo.say(answer["expression"])
    with demo.measured("Counted in"):
        counted = _command(demo, "segments", "count", "demo")
    demo.say(f"{(counted or answer)['count']} guests; the others of the chain are not read.")
    found = _command(demo, "stats", "month", "--min-group", "5") or {"groups": []}
    shown = [group for group in found["groups"] if not group["hidden"]]
    for group in sorted(shown, key=lambda group: -group["bookings"])[:3]:
        counts = f"{group['bookings']:,} bookings, {group['nights']:,} nights"
        demo.say(f"{group['label']}: {counts}, {group['repeat_rate']:.0%} of the guests came again")


def offer(demo: Demo) -> None:
    """Give the chosen guests an offer, and write a list of those who agree to be told of it."""
    found = _command(demo, "segments", "members", "demo", "--limit", "12")
    if found is None:
        demo.say("No plugin keeps offers and lists here; profilecore-segments does.")
        return
    chosen = found["items"]
    _command(demo, "promotions", "define", "FADO", "An evening of fado", "--segment", "demo")
    agrees = {"purpose": "news", "status": "granted", "channel": "email"}
    for number, id in enumerate(chosen):
        _command(demo, "promotions", "give", "FADO", id)
        if number % 2:
            demo.engine.update(id, {"consents": [agrees]})
    for id in chosen[:1]:
        _command(demo, "promotions", "use", "FADO", id, demo.engine.stays(id)[0].id)
    taken = _command(demo, "promotions", "stats", "FADO")
    demo.say(f"FADO was given to {taken['given']} guests and used by {taken['used']}.")
    path = demo.directory / "fado.csv"
    to = (str(path), "--channel", "email", "--purpose", "news")
    made = _command(demo, "segments", "export", "demo", *to)
    demo.say(f"{path.name} has the addresses of {made['count']} who agree to news by e-mail;")
    left = sum(made["left_out"].values())
    demo.say(f"{left:,} are left out: they have not agreed, or have no address.")
    tags = _command(demo, "tags", "list")["items"][:3]
    demo.say("Tags: " + ", ".join(f"{tag['tag']} {tag['profiles']:,}" for tag in tags))


def _command(demo: Demo, name: str, *arguments: str) -> Any:
    """Run a plugin's command on the engine and give its answer, or ``None`` if nobody has it."""
    command = {c.name: c for c in demo.engine.plugins.commands()}.get(name)
    if command is None:
        return None
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        invocation = Invocation(given=demo.engine, as_json=True)
        command.main(list(arguments), obj=invocation, standalone_mode=False)
    return msgspec.json.decode(said.getvalue())


def merge(demo: Demo) -> None:
    """Show a merge plan, and apply it."""
    demo.separate = _values(demo)
    choices = {"last_name": demo.guest_id}  # the clerk knows which spelling is right
    plan = demo.engine.plan_merge(demo.guest_id, [demo.twin_id], choices=choices)
    show_plan(plan, demo.console)
    with demo.measured("Applied in"):
        demo.merge_id = demo.engine.merge(plan).id
    demo.say(f"The old id {demo.twin_id} now leads to")
    demo.say(f"           {demo.engine.get(demo.twin_id).id}")
    if demo.loyalty is not None:
        whole = demo.loyalty.membership(demo.guest_id, CIRCLE)
        demo.say(f"Points: {whole.balance:,}, found by {' and '.join(whole.numbers)}")


def undo(demo: Demo) -> None:
    """Undo the merge, look whether all is as before, and merge again."""
    with demo.measured("Undone in"):
        demo.engine.unmerge(demo.merge_id)
    exact = demo.separate == _values(demo)
    demo.say("Both stand alone again; every field " + ("is as before." if exact else "differs!"))
    demo.failed |= not exact
    if demo.loyalty is not None:
        demo.say(f"Points: {_points(demo)} again")
        demo.failed |= demo.points != _points(demo) or bool(demo.loyalty.verify())
    choices = {"last_name": demo.guest_id}
    plan = demo.engine.plan_merge(demo.guest_id, [demo.twin_id], choices=choices)
    demo.merge_id = demo.engine.merge(plan).id
    demo.say("Merged again.")


def _values(demo: Demo) -> list[dict[str, Any]]:
    found = (tree(demo.engine.get(id)) for id in (demo.guest_id, demo.twin_id))
    # A version tells how often a profile was written, and that is more often now.
    return [{k: v for k, v in p.items() if k not in ("version", "updated_at")} for p in found]


def refuse(demo: Demo) -> None:
    """Try to clear a guest who has an open bill."""
    engine = demo.engine
    lifts = (demo.guest.updated_at or demo.guest.created_at).date() + timedelta(days=3)  # type: ignore[union-attr]  # a stored profile has its dates
    with engine.acting(Actor("desk-2", "P2")):
        hold = engine.place_hold(
            demo.guest_id, kind="open-bill", ref="bill 4711", expected_on=lifts
        )
    demo.hold_id = hold.id
    for who, actor in (("property P1", Actor("desk-7", "P1")), ("the chain", Actor("privacy"))):
        with engine.acting(actor):
            try:
                engine.clear(demo.guest_id)
                demo.failed = True
            except ClearBlocked as refusal:
                demo.say(f"Asked by {who}, the clear is refused:")
                show_blockers(refusal.blockers, demo.console)


def clear(demo: Demo) -> None:
    """Clear the guest, and look for every trace of them in the files."""
    engine = demo.engine
    with engine.acting(Actor("desk-2", "P2")):
        engine.release_hold(demo.hold_id)
    with engine.acting(Actor("privacy")):
        fingerprints = engine.fingerprints(demo.guest_id)
        before = engine.residue(fingerprints)
        with demo.measured("Cleared in"):
            receipt = engine.clear(demo.guest_id, reason="asked by the guest")
        show_receipt(receipt, demo.console)
        after = engine.residue(fingerprints)
    demo.say(f"Traces of this guest and of nobody else in the files before: {len(before.found)}")
    demo.say(f"... and now: {len(after.found)}")
    demo.say(f"({len(after.files)} files, {after.bytes / 2**20:.1f} MiB, read byte by byte)")
    demo.failed |= bool(after.found) or not before.found


# What is shown, in this order; a plugin's step is one more line.
STEPS: tuple[tuple[str, Callable[[Demo], None]], ...] = (
    ("Two systems deliver their guests", write_sources),
    ("Import both: the columns find their fields by their names", import_guests),
    ("Import the first again: nothing changes", import_again),
    ("Import their stays, found by the ids of each system", import_stays),
    ("Search as you type", search),
    ("A clerk of property P1 edits one of them", edit),
    ("Who else may be this guest?", ask),
    ("Both are members of a loyalty programme, and earn points", enrol),
    ("Choose guests by an expression; when do bookings come?", choose),
    ("Offer them something, and write to those who agree", offer),
    ("Merge the two profiles of one person: the plan, field by field", merge),
    ("Undo it, exactly; then merge again", undo),
    ("The guest asks to be forgotten, but has an open bill in property P2", refuse),
    ("The bill is paid: clear the guest, and look for them in every byte", clear),
)


@click.command()
@click.option(
    "--guests",
    type=click.IntRange(20, 1_000_000),
    default=2_400,
    metavar="N",
    help="How many persons to make up; 2400 if not given.",
)
@click.option(
    "--keep",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Work in this new directory; in a temporary one if not given.",
)
@click.pass_obj
def demo(invocation: Invocation, guests: int, directory: Path | None) -> int:
    """Show what the engine does, on made-up guests, in a fresh directory."""
    place = _fresh(directory)
    store = place / "guests.db"
    started = time.perf_counter()
    to = console(width=min(WIDTH, console().width))
    to.quiet = invocation.as_json
    told: list[dict[str, Any]] = []
    with Engine.open(f"sqlite:///{store}") as engine:
        run = Demo(place, guests, to, engine)
        for number, (title, step) in enumerate(STEPS, 1):
            to.print(f"{number:>2} {title}", style="bold")
            began = time.perf_counter()
            run.told = []
            step(run)
            seconds = time.perf_counter() - began
            to.print(f"   [{seconds:.1f} s]\n", style="dim")
            told.append({"step": step.__name__, "seconds": round(seconds, 3), "said": run.told})
        cleared = run.guest_id
    took = time.perf_counter() - started
    answer = {
        "store": f"sqlite:///{store}",
        "directory": str(place),
        "cleared": cleared,
        "proven": not run.failed,
        "seconds": round(took, 3),
        "steps": told,
    }
    invocation.answer(answer, lambda: _farewell(place, store, cleared, took, to))
    return REFUSED if run.failed else OK


def _fresh(directory: Path | None) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="profilecore-demo-"))
    if directory.exists() and any(directory.iterdir()):
        raise click.BadParameter(f"{directory} is not empty", param_hint="--keep")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _farewell(place: Path, store: Path, cleared: str, took: float, to: Console) -> None:
    shown = Path(os.path.relpath(store)) if store.is_relative_to(Path.cwd()) else store
    to.print(f"Done in {took:.1f} s. It wrote:")
    for path in (store, *sorted((place / "sources").iterdir())):
        to.print(f"   {path}  ({path.stat().st_size / 1024:,.0f} KiB)", soft_wrap=True)
    to.print("\nTry next:")
    url = shlex.quote(f"sqlite:///{shown}")
    to.print(f"   export PROFILECORE_STORE={url}", soft_wrap=True)
    program = _program()
    for command in ("search gar", "search --tag vip --limit 5", "rules", f"show {cleared}"):
        to.print(f"   {program} {command}", soft_wrap=True)


def _program() -> str:
    """Give the words that start this program from here."""
    if shutil.which("profilecore"):
        return "profilecore"
    beside = Path(sys.executable).with_name("profilecore")
    if beside.exists() and beside.is_relative_to(Path.cwd()):
        return str(beside.relative_to(Path.cwd()))
    return str(beside) if beside.exists() else f"{sys.executable} -m profilecore"
