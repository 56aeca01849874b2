"""What the ledger and its programmes refuse.

ProfilecoreError
├── NotEnrolled         the person has no membership that could do this
├── NotEnoughPoints     the balance is too small, and the programme allows no debt
├── ReferenceTaken      one reference, two different movements
├── NumberTaken         a membership number of somebody else's
└── KeptByProvider      points of an external partner's card, which are not ours to move
"""

from __future__ import annotations

from typing import Any

from profilecore.errors import ProfilecoreError


class NotEnrolled(ProfilecoreError, LookupError):
    """The person is not enrolled in the programme; ``state`` tells of a membership there is."""

    code = "not-enrolled"

    def __init__(self, programme: str, profile_id: str, state: str | None = None) -> None:
        self.programme, self.profile_id, self.state = programme, profile_id, state
        told = f"The membership of {profile_id} in {programme} is {state}" if state else (
            f"{profile_id} has no membership in {programme}"
        )  # fmt: skip
        super().__init__(f"{told}; enrol first.")

    def details(self) -> dict[str, Any]:
        return {"programme": self.programme, "id": self.profile_id, "state": self.state}


class NotEnoughPoints(ProfilecoreError, ValueError):
    """The balance is too small; nothing was written."""

    code = "not-enough-points"

    def __init__(self, programme: str, profile_id: str, asked: int, balance: int) -> None:
        self.programme, self.profile_id = programme, profile_id
        self.asked, self.balance = asked, balance
        super().__init__(
            f"{asked} points of {programme} were asked of {profile_id}, and there are {balance}; "
            "take fewer, or let the programme allow debt."
        )

    def details(self) -> dict[str, Any]:
        return {
            "programme": self.programme, "id": self.profile_id,
            "asked": self.asked, "balance": self.balance,
        }  # fmt: skip


class ReferenceTaken(ProfilecoreError):
    """The reference was used for another movement; use a new one for a new movement."""

    code = "reference-taken"

    def __init__(self, programme: str) -> None:
        self.programme = programme
        super().__init__(
            f"This reference stands for another movement of {programme}; use a new one."
        )

    def details(self) -> dict[str, Any]:
        return {"programme": self.programme}


class NumberTaken(ProfilecoreError, ValueError):
    """The membership number is somebody else's; nothing was written."""

    code = "number-taken"

    def __init__(self, programme: str) -> None:
        self.programme = programme
        super().__init__(f"This number of {programme} is another member's; find whose it is.")

    def details(self) -> dict[str, Any]:
        return {"programme": self.programme}


class KeptByProvider(ProfilecoreError):
    """The points are an external partner's: move them there, and tell the new balance here."""

    code = "kept-by-provider"

    def __init__(self, programme: str) -> None:
        self.programme = programme
        super().__init__(
            f"Points of {programme} are kept by its provider; move them there, and enrol again "
            "with what the provider tells."
        )

    def details(self) -> dict[str, Any]:
        return {"programme": self.programme}
