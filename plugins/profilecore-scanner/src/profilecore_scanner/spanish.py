"""Spanish cards, whose document number is the number of the plastic and not the person's.

The person's number, by which guests are known and reported, stands in the optional data: as on
the specimen of the identity card (IDESPBAA000589, 99999999R).  Its last letter is a control letter
over the rest, so that nothing else is taken for such a number.
"""

from __future__ import annotations

import re

from profilecore.model.enums import DocumentType
from profilecore_scanner.layouts import Form
from profilecore_scanner.zones import Zone

_NUMBER = re.compile(r"([0-9]{8}|[XYZ][0-9]{7})[A-Z]")
_CONTROL = "TRWAGMYFPDXBNJZSQVHLCKE"
_LEADING = str.maketrans("XYZ", "012")


def has_support_number(zone: Zone) -> bool:
    """Tell whether a zone is that of a Spanish card with a person's number."""
    is_card = zone.form is Form.TD1 and zone.issuer == "ESP"
    return is_card and _NUMBER.fullmatch(zone.optional) is not None


def kind_of(number: str) -> DocumentType | None:
    """Tell whether a number is a DNI or an NIE; ``None`` if its control letter does not hold."""
    if _CONTROL[int(number[:-1].translate(_LEADING)) % len(_CONTROL)] != number[-1]:
        return None
    return DocumentType.DNI if number[0].isdigit() else DocumentType.NIE
