"""The program put together from its commands, in the order of a working day."""

from profilecore.cli import (
    auditing,
    clearing,
    copying,
    demo,
    due,
    importing,
    merging,
    owning,
    profiles,
    residue,
    retaining,
    stores,
)
from profilecore.cli.program import Program

main = Program(
    name="profilecore",
    help="""Keep guest profiles: import, search, merge, undo, clear.

    Every command answers with tables for people, or with one JSON value (--json).  It ends with
    0 if it did its work, 1 if it was refused or found problems, 2 if it was called wrongly.
    Arguments are UTF-8.  What the output cannot show is escaped (\\u0141); JSON is UTF-8, or
    ASCII where the output is not.
    """,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    stores.init,
    importing.import_,
    profiles.create,
    profiles.show,
    profiles.update,
    profiles.search,
    profiles.stays,
    merging.merge,
    merging.unmerge,
    clearing.clear,
    retaining.explain,
    due.clear_due,
    owning.hold,
    retaining.retention,
    owning.access,
    profiles.check,
    stores.changes,
    residue.residue,
    clearing.scrub,
    clearing.receipts,
    auditing.audit,
    stores.reindex,
    copying.copy,
    stores.plugins,
    stores.rules,
    demo.demo,
):
    main.add_command(command)
