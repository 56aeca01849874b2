"""A plugin finds who may be the same person: here, whoever has the same e-mail address."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from profilecore import Engine, Match, MatchFound, Profile, hookimpl
from profilecore.hooks import Matcher


class SameAddress:
    name = "same-address"

    def __call__(self, engine: Engine, profile: Profile, limit: int) -> Iterator[Match]:
        keys = [("email", email.value) for email in profile.emails]
        ids = [id for found in engine.look_up(keys, at_most=limit).values() for id in found]
        for page in engine.extract(["id"], profile_ids=ids):
            for row in page:
                if row["id"] != profile.id:
                    yield Match(row["id"], weight=3.2, probability=0.9, decision="review")


class SameAddressPlugin:
    name = "same-address"

    @hookimpl
    def profilecore_register_matchers(self, register: Callable[[Matcher], None]) -> None:
        register(SameAddress())


def main() -> None:
    engine = Engine.open("memory://", plugins=[SameAddressPlugin])
    ana = engine.create({"last_name": "García", "emails": ["ana@example.org"]})
    again = {"last_name": "Garcia", "emails": ["ana@example.org"]}
    try:
        engine.create(again, on_match="refuse")
    except MatchFound as found:
        print([match.profile_id for match in found.matches] == [ana.id])


if __name__ == "__main__":
    main()
