"""What the random work on two engines is made of."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from profilecore import Actor
from profilecore.rules.visibility import CHAIN

REGISTER = "es.traveller-register"
NAMES = ("Ana", "Anna", "García", "de la Cruz", "O'Neil", "Иван", "Zoë")
WORDS = ("an", "ana garc", "garc", "cruz de", "oneil", "ivan", "a@x", "6001", "p-12", "zo ana", "")
KEYS = ("k1", "k2", "k3", "k4")

numbers = st.integers(0, 10_000)
names = st.sampled_from(NAMES)
some = st.integers(0, 3)
actors = st.sampled_from(
    (CHAIN, CHAIN, Actor("desk-1", "P1"), Actor("desk-2", "P2"), Actor("police", purpose=REGISTER))
)
properties = st.sampled_from((None, "P1", "P2"))
emails = st.lists(st.sampled_from(("a@x.com", "B@x.com", "a@y.org")), max_size=2)
phones = st.lists(st.sampled_from(("+34600111222", "+49 30 600 123")), max_size=1)
tags = st.lists(st.sampled_from(("vip", "Golf", "late")), max_size=2)
documents = st.lists(
    st.sampled_from(({"type": "passport", "country": "ES", "number": "P-12"},)), max_size=1
)
notes = st.lists(
    st.builds(lambda text, place: {"text": text, "property_id": place}, names, properties),
    max_size=1,
)
consents = st.lists(
    st.builds(
        lambda status: {"purpose": "news", "channel": "email", "status": status},
        st.sampled_from(("granted", "denied", "revoked")),
    ),
    max_size=1,
)
external_ids = st.lists(
    st.builds(lambda n: {"system": "pms", "value": f"G{n}"}, st.integers(1, 12)), max_size=1
)
optional: dict[str, st.SearchStrategy[Any]] = {
    "first_name": names, "emails": emails, "phones": phones, "tags": tags, "notes": notes,
    "documents": documents, "consents": consents, "occupation": names,
    "custom": st.fixed_dictionaries({"club": names}),
    "facets": st.fixed_dictionaries({"absent": st.fixed_dictionaries({"points": some})}),
}  # fmt: skip
rows = st.fixed_dictionaries(
    {"last_name": names}, optional={**optional, "external_ids": external_ids}
)
changes = st.fixed_dictionaries(
    {},
    optional={
        name: values if name in ("notes", "consents", "custom", "facets") else st.none() | values
        for name, values in {**optional, "last_name": names}.items()
    },
)
contents = st.sampled_from((b"%PDF-1", b"GIF89a" + b"x" * 3_000, b"no picture"))


# What may be kept for a lawyer; nothing makes it a bill.
keeps = st.sampled_from((None, ["profile.last_name", "file"], ["stay.reference", "profile.notes"]))
stays = st.fixed_dictionaries(
    {"property_id": st.sampled_from(("P1", "P1", "P2")), "adults": some},
    optional={"reference": some.map("R{}".format)},
)
times = st.sampled_from(
    (
        {"arrival": "2026-06-01"},
        {"arrival": "2026-04-01", "departure": "2026-04-03", "status": "departed"},
        {"arrival": "2023-04-30", "departure": "2023-05-02", "status": "departed"},
    )
)
policies = st.sampled_from(({}, {"after_days": 300, "grace_days": 20, "first_share": 1.0}))
