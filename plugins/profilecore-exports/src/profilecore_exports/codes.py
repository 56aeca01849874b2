"""Countries in the codes and words that authorities use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from profilecore.normalise.text import fold
from profilecore_exports.details import WithoutNationality
from profilecore_exports.faults import unwritable

# ICAO Doc 9303 part 3, section 5: persons without a nationality.
WITHOUT: Mapping[WithoutNationality, str] = {
    WithoutNationality.STATELESS: "XXA",
    WithoutNationality.REFUGEE: "XXB",
    WithoutNationality.OTHER_REFUGEE: "XXC",
}
# Travel documents know Kosovo under codes that ISO leaves to users.
_OWN_ALPHA_3 = {"XK": "XKX"}


@lru_cache(maxsize=512)
def alpha_3(country: str | None) -> str:
    """Give the ISO 3166-1 alpha-3 code of an alpha-2 code; nothing of nothing.

    A code of :data:`WITHOUT` is one of three letters already.
    """
    if not country:
        return ""
    if country in WITHOUT.values():
        return country
    if country in _OWN_ALPHA_3:
        return _OWN_ALPHA_3[country]
    import pycountry

    found: Any = pycountry.countries.get(alpha_2=country)
    return "" if found is None else str(found.alpha_3)


@lru_cache(maxsize=4)
def names_in(language: str) -> Mapping[str, str]:
    """Give the names of countries in a language, folded, by alpha-2 code."""
    import gettext

    import pycountry

    words = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language], fallback=True)
    names = {}
    for entry in pycountry.countries:
        name = getattr(entry, "common_name", entry.name)
        names[entry.alpha_2] = fold(words.gettext(name))
    return names


# As the authority's tables spell what ISO's Italian and Spanish names spell otherwise.
ITALIAN: Mapping[str, tuple[str, ...]] = {
    "AI": ("anguilla isola",),
    "BA": (
        "bosnia ed erzegovina",
        "bosnia erzegovina",
    ),
    "BM": ("bermude",),
    "BS": (
        "bahama",
        "bahamas",
    ),
    "BY": (
        "bielorussia",
        "belarus",
    ),
    "CC": ("cocos",),
    "CD": (
        "repubblica democratica del congo",
        "congo repubblica democratica",
        "zaire",
    ),
    "CF": (
        "centrafrica",
        "centrafricana repubblica",
    ),
    "CG": (
        "congo",
        "congo repubblica popolare",
    ),
    "CI": ("costa d'avorio",),
    "CN": (
        "cina popolare",
        "cina",
        "cinese repubblica popolare",
    ),
    "CR": (
        "costarica",
        "costa rica",
    ),
    "CV": ("capo verde",),
    "CX": ("christmas",),
    "CZ": (
        "repubblica ceca",
        "ceca repubblica",
    ),
    "DO": (
        "rep dominicana",
        "repubblica dominicana",
        "dominicana repubblica",
    ),
    "EH": ("sahara spagnolo",),
    "FK": ("malvine",),
    "FM": ("micronesia stati federali",),
    "FO": ("faer oer",),
    "GB": ("regno unito",),
    "GD": ("grenada",),
    "GF": ("guayana francese",),
    "GG": ("normanne",),
    "GI": ("gibilterra",),
    "GW": ("guinea bissau",),
    "HK": ("hong kong",),
    "IM": ("man",),
    "IR": ("iran",),
    "JE": ("normanne",),
    "KE": (
        "kenia",
        "kenya",
    ),
    "KG": (
        "kirghizistan",
        "kirghizstan",
    ),
    "KN": (
        "s christopher e nevis",
        "saint kitts e nevis",
    ),
    "KP": ("corea del nord",),
    "KR": ("corea del sud",),
    "KY": ("cayman isole",),
    "KZ": (
        "kazakistan",
        "kazakhstan",
    ),
    "LA": ("laos",),
    "LC": (
        "saint lucia",
        "santa lucia",
    ),
    "LK": (
        "sri lanka ceylon",
        "sri lanka",
    ),
    "MD": (
        "moldavia",
        "moldova",
    ),
    "MH": ("marshall",),
    "MK": (
        "macedonia",
        "macedonia del nord",
    ),
    "MM": (
        "myanmar birmania",
        "myanmar",
    ),
    "MO": ("macao",),
    "MP": ("marianne",),
    "MY": (
        "malesia",
        "malaysia",
    ),
    "NF": ("norfolk",),
    "NU": ("savage",),
    "PE": ("peru",),
    "PF": ("polinesia",),
    "PG": (
        "papuasia n guinea",
        "papua nuova guinea",
    ),
    "PM": ("saint pierre et miquelon",),
    "PR": ("puerto rico",),
    "PS": ("palestina",),
    "PW": ("palau repubblica",),
    "RE": ("la reunion",),
    "RU": (
        "russia",
        "federazione russa",
    ),
    "RW": ("ruanda",),
    "SB": (
        "salomone",
        "isole salomone",
    ),
    "SC": (
        "seicelle",
        "seychelles",
    ),
    "SH": ("sant elena",),
    "SK": (
        "repubblica slovacca",
        "slovacchia",
    ),
    "SR": ("suriname",),
    "SS": ("sud sudan",),
    "ST": ("sao tome e principe",),
    "SY": ("siria",),
    "SZ": (
        "swaziland",
        "eswatini",
    ),
    "TC": ("turks",),
    "TJ": ("tagikistan",),
    "TL": (
        "timor est",
        "timor",
    ),
    "TW": ("taiwan",),
    "TZ": ("tanzania",),
    "US": (
        "stati uniti d'america",
        "stati uniti",
    ),
    "VA": (
        "citta del vaticano",
        "vaticano",
    ),
    "VC": (
        "s vincent e grenadine",
        "saint vincent e grenadine",
    ),
    "VE": ("venezuela",),
    "VG": ("vergini britanniche isole",),
    "VI": ("isole vergini",),
    "VN": ("vietnam",),
    "WF": ("wallis",),
    "XK": ("kosovo",),
    "ZA": (
        "sud africa",
        "sudafrica",
    ),
}

SPANISH: Mapping[str, tuple[str, ...]] = {
    "AS": ("samoa americana",),
    "AX": ("aland",),
    "BA": (
        "bosnia",
        "bosnia herzegovina",
    ),
    "BD": ("bangladesh",),
    "BF": ("burkina faso",),
    "BH": ("bahrein",),
    "BM": ("bermudas",),
    "BN": ("brunei",),
    "BW": ("botswana",),
    "BY": ("bielorrusia",),
    "CC": ("islas cocos",),
    "CD": ("republica democratica del congo",),
    "CF": ("republica centroafricana",),
    "CG": ("republica del congo",),
    "CI": ("costa de marfil",),
    "CW": ("curazao",),
    "CZ": ("republica checa",),
    "DJ": ("yibuti",),
    "DZ": ("argelia",),
    "FJ": ("fiyi",),
    "FK": ("islas malvinas",),
    "FM": ("micronesia",),
    "GB": ("reino unido",),
    "GF": ("guayana francesa",),
    "GG": ("guernsey",),
    "GW": ("guinea bissau",),
    "IM": ("isla de man",),
    "IQ": ("iraq",),
    "IR": ("iran",),
    "KE": ("kenia",),
    "KG": ("kirguistan",),
    "KM": ("comoras",),
    "KP": ("corea del norte",),
    "KR": ("corea del sur",),
    "KZ": ("kazajistan",),
    "LA": ("laos",),
    "LS": ("lesotho",),
    "MD": ("moldavia",),
    "MK": (
        "republica de macedonia",
        "macedonia del norte",
    ),
    "MM": ("myanmar",),
    "MO": ("macao",),
    "MU": ("mauricio",),
    "MV": ("maldivas",),
    "MW": ("malawi",),
    "NF": ("norfolk",),
    "PN": ("islas pitcairn",),
    "PS": (
        "palestina anp",
        "palestina",
    ),
    "PW": ("palaos",),
    "QA": ("qatar",),
    "RU": ("rusia",),
    "RW": (
        "rwanda",
        "ruanda",
    ),
    "SA": ("arabia saudita",),
    "SH": ("santa helena",),
    "SR": ("surinam",),
    "SY": ("siria",),
    "SZ": ("swazilandia",),
    "TC": ("islas turcas y caicos",),
    "TL": ("timor oriental",),
    "TW": ("taiwan",),
    "TZ": ("tanzania",),
    "US": ("estados unidos",),
    "VA": ("ciudad del vaticano",),
    "VG": ("islas virgenes britanicas",),
    "VI": ("islas virgenes estadounidenses",),
    "VN": ("vietnam",),
    "XK": ("kosovo",),
    "ZW": ("zimbabue",),
}


def stated(nationality: str | None, authority: str) -> str | None:
    """Give a nationality to an authority that has no code for persons without one.

    :raises Unwritable: if the person has none.
    """
    if nationality in WITHOUT.values():
        message = (
            f"{authority} has no code for stateless persons and refugees, so that this guest "
            "cannot be written: tell the authority by hand."
        )
        raise unwritable("/nationalities", "without-nationality", message)
    return nationality


def spellings(country: str, language: str) -> tuple[str, ...]:
    """Give the folded names by which a country may stand in an authority's table, likeliest first.

    ``language`` is ``it`` or ``es``.
    """
    own = (ITALIAN if language == "it" else SPANISH).get(country, ())
    usual = names_in(language).get(country)
    return (*own, usual) if usual else own
