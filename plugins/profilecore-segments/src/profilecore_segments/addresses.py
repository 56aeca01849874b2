"""Where a person is written to on a channel, from the plain JSON of the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from profilecore.model.enums import Channel, ContactUse, PhoneTech

Item = Mapping[str, Any]
Address = dict[str, str]

_HOME, _BUSINESS = ContactUse.HOME.value, ContactUse.BUSINESS.value
_EMERGENCY = ContactUse.EMERGENCY.value

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
    """Give the address to use; ``None`` where there is none.

    The primary one comes first, then one of the guest's home, and one of a business last.
    """
    _, made = _RULES[channel]
    return next((made(item) for item in sorted(usable(channel, items), key=_place)), None)


def usable(channel: Channel, items: Iterable[Item] | None) -> list[Item]:
    """Give the addresses by which the guest is reached on a channel, as they stand.

    An alias of a booking site is no address of the guest's own, a fax no telephone, and an
    emergency contact is somebody else's.
    """
    fits, _ = _RULES[channel]
    return [item for item in items or () if fits(item)]


def _place(item: Item) -> tuple[bool, int]:
    use = item.get("type") or item.get("use") or ""
    return not item.get("primary"), {_HOME: 0, _BUSINESS: 2}.get(use, 1)


def _is_own(email: Item) -> bool:
    return not email.get("relay") and email.get("type") != _EMERGENCY


def _can_text(phone: Item) -> bool:
    return _can_ring(phone) and phone.get("tech") in (None, PhoneTech.MOBILE.value)


def _can_ring(phone: Item) -> bool:
    return phone.get("tech") != PhoneTech.FAX.value and phone.get("use") != _EMERGENCY


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
