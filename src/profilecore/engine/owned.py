"""The verbs on what a profile owns: holds, stays, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from profilecore.rules.changing import UNSET, Unset

if TYPE_CHECKING:
    from profilecore.engine.kernel import Kernel
    from profilecore.model.documents import FileRecord, Hold
    from profilecore.model.stay import Stay


class Owned:
    """The part of the engine for what belongs to a profile."""

    _kernel: Kernel

    def place_hold(
        self,
        profile_id: str,
        *,
        kind: str,
        property_id: str | None = None,
        ref: str | None = None,
        expected_on: date | None = None,
        keeps: Iterable[str] = (),
    ) -> Hold:
        """Place a hold (an open bill, ...) that blocks the clear of a person until released.

        It belongs to a property: by default the acting one.  With ``keeps`` (a legal hold) it
        blocks nothing, but has a clear leave in place what it names, until released:
        ``profile.<field>``, a kind of document (``file``, ``stay``), one document (``file/<id>``)
        or fields of them (``stay.reference``).  It may then be read for the purpose ``kind``.

        :raises InvalidProfile: with every problem at once.
        :raises ScopeDenied: if a property acts for another or for the chain.
        :raises ProfileCleared: if the person was cleared.
        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import owning

        return owning.place_hold(
            self._kernel, profile_id, kind, property_id, ref, expected_on, keeps
        )

    def release_hold(self, hold_id: str) -> Hold:
        """Release a hold; twice is allowed.

        What it alone had kept through a clear is erased with it.

        :raises NotFound: if there is none, or none for this actor.
        """
        from profilecore.engine import owning

        return owning.release_hold(self._kernel, hold_id)

    def holds(self, profile_id: str) -> list[Hold]:
        """Give the holds on a person that the actor may see, open and released."""
        from profilecore.engine import owning

        return owning.holds(self._kernel, profile_id)

    def record_stay(self, profile_id: str, stay: Stay | Mapping[str, Any]) -> Stay:
        """Record a stay; the same property and reference again updates it.

        :raises InvalidProfile: with every problem at once; ``taken`` if the number is that of
            another guest's stay.
        :raises ScopeDenied: if a property records another's.
        :raises ProfileCleared: if the person was cleared.
        :raises NotFound: as :meth:`get`.
        """
        from profilecore.engine import owning

        return owning.record_stay(self._kernel, profile_id, stay)

    def stays(self, profile_id: str) -> list[Stay]:
        """Give a person's stays by arrival: recorded ones, and those of the host's hook.

        :raises PluginError: if a source of stays fails.
        """
        from profilecore.engine import owning

        return owning.stays(self._kernel, profile_id)

    def attach(
        self,
        profile_id: str,
        name: str,
        content: bytes,
        *,
        property_id: str | Unset | None = UNSET,
    ) -> FileRecord:
        """Attach a file: PDF, BMP, GIF, JPEG, PNG or TIFF, told by its content.

        It belongs to the acting property; ``property_id=None`` attaches it for the whole chain.

        :raises InvalidProfile: for other content, or more bytes than ``file_limit``.
        :raises ScopeDenied: for another property.
        """
        from profilecore.engine import owning

        return owning.attach(self._kernel, profile_id, name, content, property_id)

    def files(self, profile_id: str) -> list[FileRecord]:
        """Give a person's files that the actor may see."""
        from profilecore.engine import owning

        return owning.files(self._kernel, profile_id)

    def read_file(self, file_id: str) -> bytes:
        """Give the bytes of a file.

        :raises NotFound: if there is none, or none for this actor.
        """
        from profilecore.engine import owning

        return owning.read_file(self._kernel, file_id)

    def detach(self, file_id: str) -> None:
        """Delete a file.

        :raises NotFound: if there is none, or none for this actor.
        """
        from profilecore.engine import owning

        owning.detach(self._kernel, file_id)
