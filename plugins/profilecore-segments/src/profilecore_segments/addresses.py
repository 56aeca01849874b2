"""Where a person is written to on a channel, from the plain JSON of the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from profilecore.model.enums import Channel, PhoneTech

Item = Mapping[str, Any]
Address = dict[str, str]

COLUMNS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("email",),
    Channel.SMS: ("phone",),
    Channel.PHONE: ("phone",),
    Channel.POST: ("line1", "line2", "postal_code", "city", "subdivision", "country"),
}
"""What an address has on each channel."""
FIELDS: Mapping[Channel, str] = {
    Channel.EMAIL: "emails",
    Channel.SMS: "phones",
    Channel.PHONE: "phones",
    Channel.POST: "addresses",
}
"""The field of a profile that has the addresses of a channel."""


def address_of(channel: Channel, items: Iterable[Item] | None) -> Address | None:
    """Give the address to use, the primary one first; ``None`` where there is none.

    An alias of a booking site is no address of the guest's own, and a fax no telephone.
    """
    fits, made = _RULES[channel]
    usable = [item for item in items or () if fits(item)]
    if not usable:
        return None
    return made(next((item for item in usable if item.get("primary")), usable[0]))


def _is_own(email: Item) -> bool:
    return not email.get("relay")


def _can_text(phone: Item) -> bool:
    return phone.get("tech") in (None, PhoneTech.MOBILE.value)


def _can_ring(phone: Item) -> bool:
    return phone.get("tech") != PhoneTech.FAX.value


def _is_whole(address: Item) -> bool:
    street = address.get("text") or address.get("line1")
    return bool(street and (address.get("city") or address.get("text")))


def _email(item: Item) -> Address:
    return {"email": item["value"]}


def _phone(item: Item) -> Address:
    return {"phone": item["value"]}


def _post(item: Item) -> Address:
    made = {name: item.get(name) or "" for name in COLUMNS[Channel.POST]}
    if not made["line1"]:
        made["line1"] = ", ".join(item["text"].splitlines())
    return made


_RULES: Mapping[Channel, tuple[Callable[[Item], bool], Callable[[Item], Address]]] = {
    Channel.EMAIL: (_is_own, _email),
    Channel.SMS: (_can_text, _phone),
    Channel.PHONE: (_can_ring, _phone),
    Channel.POST: (_is_whole, _post),
}
