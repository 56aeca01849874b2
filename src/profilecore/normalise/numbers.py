"""Numbers of identity documents and tax authorities."""

from __future__ import annotations

from functools import lru_cache

from profilecore.normalise.text import clean


def document_number(value: str) -> str:
    """Drop blanks and separators, upper-case: the form that authorities expect."""
    text = clean(value, 64).upper()
    if text.isalnum():
        return text
    return "".join(c for c in text if c.isalnum())


def is_valid_tax_id(value: str, country: str) -> bool | None:
    """Tell whether the check digits hold; ``None`` where no rule is known for the country.

    The rules are those of python-stdnum's VAT or personal number module of the country.
    """
    module = _tax_module(country)
    return None if module is None else bool(module.is_valid(value))


@lru_cache(maxsize=256)
def _tax_module(country: str):  # type: ignore[no-untyped-def]  # stdnum has no types
    from stdnum import get_cc_module

    for name in ("nif", "tin", "codicefiscale", "vat"):
        module = get_cc_module(country.lower(), name)
        if module is not None:
            return module
    return None
