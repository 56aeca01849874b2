"""How letters are written in a zone (ICAO Doc 9303 part 3, section 6).

Where the tables leave a choice, or differ by state, all ways are given.  Letters that are an A to Z
letter with a mark are written without it and do not stand here.
"""

from __future__ import annotations

# Table A; that the plain letter is also written for Å and Ø is known from tickets and older zones.
LATIN = {
    "Ä": ("AE", "A"), "Å": ("AA", "A"), "Æ": ("AE",), "Ð": ("D",), "Đ": ("D",), "Ħ": ("H",),
    "İ": ("I",), "ı": ("I",), "Ĳ": ("IJ",), "ĸ": ("K",), "Ŀ": ("L",), "Ł": ("L",),
    "Ñ": ("N", "NXX"), "Ŋ": ("N",), "Ö": ("OE", "O"), "Ø": ("OE", "O"), "Œ": ("OE",),
    "ß": ("SS",), "ẞ": ("SS",), "Ŧ": ("T",), "Þ": ("TH",), "Ü": ("UE", "UXX", "U"),
}  # fmt: skip

# Table B, with the exceptions for Belarusian, Bulgarian, Macedonian, Serbian and Ukrainian.
CYRILLIC = {
    "А": ("A",), "Б": ("B",), "В": ("V",), "Г": ("G", "H"), "Ґ": ("G",), "Д": ("D",),
    "Ђ": ("D", "DJ"), "Ѓ": ("G", "GJ"), "Е": ("E",), "Ё": ("E", "IO"), "Є": ("IE", "YE"),
    "Ж": ("ZH", "Z"), "З": ("Z",), "Ѕ": ("DZ",), "И": ("I", "Y"), "І": ("I",), "Ї": ("I", "YI"),
    "Й": ("I", "Y"), "Ј": ("J",), "К": ("K",), "Ќ": ("K", "KJ"), "Л": ("L",), "Љ": ("LJ",),
    "М": ("M",), "Н": ("N",), "Њ": ("NJ",), "О": ("O",), "П": ("P",), "Р": ("R",), "С": ("S",),
    "Т": ("T",), "Ћ": ("C",), "У": ("U",), "Ў": ("U",), "Ф": ("F",), "Х": ("KH", "H"),
    "Ц": ("TS", "C"), "Ч": ("CH", "C"), "Џ": ("DZ", "DJ"), "Ш": ("SH", "S"),
    "Щ": ("SHCH", "SHT"), "Ъ": ("IE", ""), "Ы": ("Y",), "Ь": ("",), "Ѣ": ("IE",), "Э": ("E",),
    "Ю": ("IU", "YU"), "Я": ("IA", "YA"), "Ѳ": ("F",), "Ѵ": ("Y",), "ʼ": ("",),
}  # fmt: skip

# Table C, the letters of Arabic itself and the Persian ones that are sure; marks are left out.
ARABIC = {
    "ء": ("XE",), "آ": ("XAA",), "أ": ("XAE",), "ؤ": ("U",), "إ": ("I",), "ئ": ("XI",),
    "ا": ("A",), "ب": ("B",), "ة": ("XTA", "XAH"), "ت": ("T",), "ث": ("XTH",), "ج": ("J",),
    "ح": ("XH",), "خ": ("XKH",), "د": ("D",), "ذ": ("XDH",), "ر": ("R",), "ز": ("Z",),
    "س": ("S",), "ش": ("XSH",), "ص": ("XSS",), "ض": ("XDZ",), "ط": ("XTT",), "ظ": ("XZZ",),
    "ع": ("E",), "غ": ("G",), "ـ": ("",), "ف": ("F",), "ق": ("Q",), "ك": ("K",), "ل": ("L",),
    "م": ("M",), "ن": ("N",), "ه": ("H",), "و": ("W",), "ى": ("XAY",), "ي": ("Y",),
    "ٱ": ("XXA",), "پ": ("P",), "چ": ("XC",), "ژ": ("XJ",), "ک": ("XKK",),
}  # fmt: skip

WAYS: dict[str, tuple[str, ...]] = LATIN | CYRILLIC | ARABIC
