"""Read the text of a zone off a picture, with what is installed for it; nothing is kept."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from profilecore_scanner.digits import ALPHABET
from profilecore_scanner.faults import PictureRefused

_INSTALL = (
    "Nothing that reads pictures is installed. Install the program tesseract, and: "
    "pip install 'profilecore-scanner[picture]'"
)
_NO_ZONE = "No zone can be made out in the picture. Take it straight from above, in even light."


def lines_of(path: Path) -> list[str]:
    """Give the lines of the zone in a picture: by passporteye, or by pytesseract.

    :raises PictureRefused: if neither is installed, or the picture shows no zone.
    """
    for name, recognise in (("passporteye", _passporteye), ("pytesseract", _pytesseract)):
        try:
            module = import_module(name)
        except ImportError:
            continue
        lines = [line for line in recognise(module, path).splitlines() if line.strip()]
        if not lines:
            raise PictureRefused(_NO_ZONE)
        return lines
    raise PictureRefused(_INSTALL)


def _passporteye(module: Any, path: Path) -> str:
    """Find the zone and recognise it; the text is what tesseract read, before any repair."""
    found = module.read_mrz(str(path))
    return "" if found is None else str(found.aux["text"])


def _pytesseract(module: Any, path: Path) -> str:
    """Recognise a picture that shows the zone alone, as one block of text."""
    options = f"--psm 6 -c tessedit_char_whitelist={ALPHABET}"
    return str(module.image_to_string(str(path), config=options))
