"""What is still missing from a profile: for the desk's checklist, or for one export format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from profilecore.model.profile import Profile
from profilecore.values import frozen


@frozen
class Missing:
    """One thing to supply: where it goes (a JSON pointer), what it is, and who can supply it."""

    path: str
    code: str
    message: str
    supplier: str = "guest"


@frozen
class Check:
    """A named check.  ``run`` is a pure function of a profile and the day it is asked for."""

    name: str
    title: str
    run: Callable[[Profile, date], Iterable[Missing]]


def checklist(profile: Profile, on: date) -> Iterable[Missing]:
    """Yield what the desk should complete before a profile is saved for good."""
    if not (profile.first_name and profile.last_name):
        yield Missing("/first_name", "full-name", "The full name is missing.")
    valid = [
        d for d in profile.documents if d.number and (d.expires_on is None or d.expires_on >= on)
    ]
    if not valid:
        expired = any(d.number for d in profile.documents)
        code = "document-expired" if expired else "document"
        yield Missing("/documents", code, "A valid identity document is missing.")
    if not profile.phones:
        yield Missing("/phones", "phone", "A telephone number is missing.")
    if not any(not e.relay for e in profile.emails):
        yield Missing("/emails", "email", "An e-mail address of the guest's own is missing.")
    if not profile.nationalities:
        yield Missing("/nationalities", "nationality", "The nationality is missing.")
    if not profile.country_of_residence:
        yield Missing("/country_of_residence", "residence", "The country of residence is missing.")
    if not profile.marketing_source:
        yield Missing("/marketing_source", "source", "The marketing source is missing.", "desk")
    if not profile.tags:
        yield Missing("/tags", "tags", "No tag is set.", "desk")


CHECKLIST = Check("checklist", "Before a profile is complete", checklist)
