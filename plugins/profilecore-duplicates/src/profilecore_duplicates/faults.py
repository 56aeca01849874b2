"""What goes wrong before any matching: files and models that cannot be used."""

from __future__ import annotations

from profilecore.errors import ProfilecoreError


class InputRefused(ProfilecoreError, ValueError):
    """A file or a model cannot be used; ``reason`` is stable, the message says what to do."""

    code = "input-refused"

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)

    def details(self) -> dict[str, str]:
        return {"reason": self.reason}
