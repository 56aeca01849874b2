"""A plugin decides whether a profile may be created or changed like this."""

from __future__ import annotations

from collections.abc import Iterator

from profilecore import Engine, InvalidProfile, Problem, hookimpl
from profilecore.rules.changing import Change


class AdultsOnly:
    name = "adults-only"

    @hookimpl
    def profilecore_check_change(self, change: Change) -> Iterator[Problem]:
        born = change.after.birth_date
        if "birth_date" in change.fields and born is not None and born[:4] > "2007":
            yield Problem("/birth_date", "too-young", "must lie before 2008 in this house")


def main() -> None:
    engine = Engine.open("memory://", plugins=[AdultsOnly])
    try:
        engine.create({"last_name": "García", "birth_date": "2019-05-17"})
    except InvalidProfile as refusal:
        print([problem.code for problem in refusal.problems])


if __name__ == "__main__":
    main()
