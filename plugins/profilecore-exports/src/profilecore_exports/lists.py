"""The short lists of codes of authorities: data, each with its source and as of when.

What a code means is said in English here.  Long tables are loaded from the authority's file
instead, see ``tables``.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from profilecore.values import frozen


@frozen
class CodeList:
    """A short list of codes: ``codes`` has what each means, in the authority's order.

    ``source`` is where it was read, ``as_of`` the day, month or year from which it is.
    """

    name: str
    title: str
    source: str
    as_of: str
    codes: Mapping[str, str] = attrs.field(eq=False)

    def __contains__(self, code: object) -> bool:
        return code in self.codes


ES_DOCUMENTS = CodeList(
    "es.documentos",
    "Kinds of documents",
    "MIR-HOSPE-DSI-WS v3.1.3",
    "2025-01-08",
    {
        "NIF": "Spanish tax number, as on the DNI",
        "NIE": "number of a foreigner in Spain",
        "PAS": "passport",
        "OTRO": "another document",
    },
)
ES_SEXES = CodeList(
    "es.sexos",
    "Sexes",
    "MIR-HOSPE-DSI-WS v3.1.3",
    "2025-01-08",
    {
        "H": "man",
        "M": "woman",
        "O": "other",
    },
)
ES_PAYMENTS = CodeList(
    "es.pagos",
    "Means of payment",
    "MIR-HOSPE-DSI-WS v3.1.3",
    "2025-01-08",
    {
        "EFECT": "cash",
        "TARJT": "card",
        "PLATF": "payment platform",
        "TRANS": "transfer",
        "MOVIL": "mobile payment",
        "TREG": "gift card",
        "DESTI": "at the destination",
        "OTRO": "other",
    },
)
ES_KINSHIPS = CodeList(
    "es.parentescos",
    "Kinships",
    "MIR-HOSPE-DSI-WS v3.1.3",
    "2025-01-08",
    {
        "AB": "grandparent",
        "BA": "great-grandparent",
        "BN": "great-grandchild",
        "CD": "sibling-in-law",
        "CY": "spouse",
        "HJ": "child",
        "HR": "sibling",
        "NI": "grandchild",
        "PM": "parent",
        "SB": "nephew or niece",
        "SG": "parent-in-law",
        "TI": "uncle or aunt",
        "YN": "child-in-law",
        "TU": "guardian",
        "OT": "other",
    },
)
IT_KINDS = CodeList(
    "it.tipi-alloggiato",
    "Types of guests",
    "Manuale WS Alloggiati rev. 01",
    "2022-01-24",
    {
        "16": "alone",
        "17": "head of a family",
        "18": "head of a group",
        "19": "member of a family",
        "20": "member of a group",
    },
)
CZ_PURPOSES = CodeList(
    "cz.ucely",
    "Purposes of stay",
    "a client of UbyPort",
    "2018",
    {
        "00": "health",
        "01": "business",
        "02": "culture",
        "03": "visit of family or friends",
        "04": "invitation",
        "05": "official or political",
        "06": "own enterprise",
        "07": "sport",
        "10": "tourism",
        "11": "study or training",
        "12": "transit",
        "13": "airport transit",
        "27": "employment",
        "93": "ADS visa of a citizen of China",
        "99": "other",
    },
)
HR_CATEGORIES = CodeList(
    "hr.kategorije",
    "Categories of the tourist tax",
    "lists of eVisitor, as a third party quotes them",
    "2026-11",
    {
        "1": "child below 12",
        "2": "child of 12 to 17",
        "4": "pupil away from home",
        "5": "member of a youth organisation, to 29",
        "6": "guest in the own municipality",
        "7": "disability of 70 % or more",
        "8": "who accompanies such a person",
        "9": "passenger of a cruise ship at berth",
        "10": "seasonal worker",
        "11": "student away from home",
        "12": "school excursion",
        "13": "tourist on a charter boat",
        "14": "guest of an accommodation",
        "15": "stay under a programme of social care",
        "16": "guest of the owner of a holiday home",
        "17": "guest in the home of a resident",
        "18": "owner of a holiday home, with family",
    },
)
HR_ORGANISATIONS = CodeList(
    "hr.organizacija",
    "Ways of arrival",
    "clients of two parties",
    "2026-11",
    {
        "I": "individually",
        "A": "by an agency",
    },
)
SI_DOCUMENTS = CodeList(
    "si.dokumenti",
    "Kinds of documents",
    "lists of AJPES, in a client",
    "2026-11",
    {
        "F": "border pass",
        "H": "travel document by a treaty",
        "I": "identity card",
        "L": "child of Slovenia without a document",
        "O": "firearm licence",
        "P": "passport",
        "U": "document of an authority",
        "V": "driving licence",
    },
)
SI_RELIEFS = CodeList(
    "si.oprostitve",
    "Reasons of relief from the tourist tax",
    "lists of AJPES, in clients of two parties",
    "2026-11",
    {
        "0": "none, full tax",
        "1": "child below 7",
        "2": "medical referral",
        "3": "disability",
        "4": "child with special needs",
        "5": "programme of education",
        "6": "pupil or student in a hall of residence",
        "7": "temporary work of more than 30 days",
        "8": "treaty",
        "9": "mountain hut",
        "10": "municipal rule",
        "11": "half, from 7 to 17",
        "12": "half, youth hostel",
        "13": "half, camp site",
        "14": "half, municipal rule",
        "15": "part, municipal rule",
        "16": "no night was spent",
        "17": "holiday camp of an association",
        "18": "volunteer",
        "19": "police officer",
    },
)
SI_STATUSES = CodeList(
    "si.statusi",
    "States of a property in a month",
    "lists of AJPES, in a client",
    "2026-11",
    {
        "11": "open, with guests",
        "12": "open, without guests",
        "50": "closed for other reasons",
        "51": "closed for rebuilding",
        "54": "closed for the season",
        "61": "given up",
        "62": "not opened yet",
    },
)
CO_DOCUMENTS = CodeList(
    "co.documentos",
    "Kinds of documents",
    "a third party's copy of the authority's instruction",
    "2026-11",
    {
        "3": "passport",
        "5": "card of a foreigner in Colombia",
        "46": "diplomatic card",
        "10": "foreign document of Mercosur or the Andean Community",
    },
)
RS_DOCUMENTS = CodeList(
    "rs.isprave",
    "Kinds of documents",
    "one third party",
    "2026-11",
    {
        "73": "passport",
        "74": "identity card",
        "75": "driving licence",
    },
)
# Only those symbols of countries that two parties agree on, here by the country.
TR_COUNTRIES = CodeList(
    "tr.ulkeler",
    "Symbols of countries",
    "clients of two parties",
    "2026-11",
    {
        "AT": "AUSTRIA", "AZ": "AZERBAIJAN", "BE": "BELGIUM", "CH": "SWITZERLAND",
        "DE": "GERMANY", "ES": "SPAIN", "FR": "FRANCE", "GB": "UNITED_KINGDOM", "GE": "GEORGIA",
        "IQ": "IRAQ", "IR": "IRAN", "IT": "ITALY", "NL": "NETHERLANDS",
        "RU": "RUSSIAN_FEDERATION", "SY": "SYRIAN_ARAB_REPUBLIC", "UA": "UKRAINE",
        "US": "UNITED_STATES",
    },
)  # fmt: skip
