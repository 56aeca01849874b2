"""The three-letter codes of states and organisations (ICAO Doc 9303 part 3, section 5)."""

from __future__ import annotations

from profilecore.normalise import codes
from profilecore.values import frozen


@frozen
class State:
    """Who issued a document, or whose national somebody is.

    ``alpha_2`` is the ISO 3166-1 code where there is one; ``meaning`` says what a code stands for
    that ISO does not have.  Of a code that nobody knows neither is told.
    """

    code: str
    alpha_2: str | None = None
    meaning: str | None = None

    @property
    def is_known(self) -> bool:
        return self.alpha_2 is not None or self.meaning is not None


# What ISO 3166-1 lacks or writes otherwise: the code it stands for, if any, and its meaning.
_SPECIAL: dict[str, tuple[str | None, str]] = {
    "D": ("DE", "Germany"),
    "EUE": (None, "European Union (laissez-passer)"),
    "GBD": ("GB", "British Overseas Territories citizen"),
    "GBN": ("GB", "British National (Overseas)"),
    "GBO": ("GB", "British Overseas citizen"),
    "GBP": ("GB", "British protected person"),
    "GBS": ("GB", "British subject"),
    "RKS": ("XK", "Kosovo"),
    "UNA": (None, "specialised agency of the United Nations"),
    "UNK": (None, "resident of Kosovo, document of the United Nations mission"),
    "UNO": (None, "United Nations"),
    "UTO": (None, "Utopia (specimen)"),
    "XBA": (None, "African Development Bank"),
    "XCC": (None, "Caribbean Community"),
    "XCE": (None, "Council of Europe"),
    "XCO": (None, "Common Market for Eastern and Southern Africa"),
    "XDC": (None, "Southern African Development Community"),
    "XEC": (None, "Economic Community of West African States"),
    "XES": (None, "Organization of Eastern Caribbean States"),
    "XIM": (None, "African Export-Import Bank"),
    "XMP": (None, "Parliamentary Assembly of the Mediterranean"),
    "XOM": (None, "Sovereign Military Order of Malta"),
    "XPO": (None, "INTERPOL"),
    "XXA": (None, "stateless person"),
    "XXB": (None, "refugee (convention of 1951)"),
    "XXC": (None, "refugee, other"),
    "XXX": (None, "unspecified nationality"),
}


def state(code: str) -> State:
    """Tell what a code stands for; fillers at its end are left out (``D<<``)."""
    bare = code.rstrip("<")
    if bare in _SPECIAL:
        return State(bare, *_SPECIAL[bare])
    if len(bare) != 3:
        return State(bare)
    try:
        return State(bare, codes.country(bare))
    except ValueError:
        return State(bare)
