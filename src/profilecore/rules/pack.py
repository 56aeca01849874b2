"""The guest-registration laws of the countries we know: how long their data must be kept.

Transcribed by us from the laws named; a lawyer must confirm them before they are relied on.
Rules marked unverified are off until the chain switches them on by name.
"""

from __future__ import annotations

from profilecore.rules.retention import Clock, RetentionRule, Trust

_NAME = ("profile.first_name", "profile.last_name", "profile.second_last_name")
_BIRTH = ("profile.birth_date", "profile.nationalities")
_IDENTITY = (*_NAME, *_BIRTH, "profile.sex", "profile.documents")
_HOME = ("profile.addresses", "profile.country_of_residence")
_CONTACT = ("profile.emails", "profile.phones")
_STAY = ("stay.arrival", "stay.departure")
_BOOKING = ("stay.reference", "stay.unit", "stay.booked_at", "stay.companions")

PACK = (
    RetentionRule(
        name="at.guest-register",
        country="AT",
        legal_basis="MeldeG § 10 (2), MeldeV § 19: seven years from the entry, then deleted",
        clock=Clock.ENTRY,
        minimum="P7Y",
        maximum="P7Y",
        fields=(*_IDENTITY, *_HOME, *_STAY),
        source="Meldegesetz 1991 and its ordinance, ris.bka.gv.at",
    ),
    RetentionRule(
        name="cz.guest-book",
        country="CZ",
        legal_basis="Act 326/1999 § 101: six years",
        minimum="P6Y",
        fields=(*_IDENTITY, *_HOME, *_STAY),
        source="zákon č. 326/1999 Sb.",
        foreigners_only=True,
    ),
    RetentionRule(
        name="de.registration-form",
        country="DE",
        legal_basis="BMG § 30 (4): one year, then destroyed within three months",
        minimum="P1Y",
        maximum="P1Y3M",
        fields=(*_NAME, *_BIRTH, "profile.documents", *_HOME, *_STAY, "stay.companions"),
        source="Bundesmeldegesetz, gesetze-im-internet.de",
        foreigners_only=True,
    ),
    RetentionRule(
        name="es.traveller-register",
        country="ES",
        legal_basis="Real Decreto 933/2021, art. 5: three years from the end of the service",
        minimum="P3Y",
        maximum="P3Y",
        fields=(*_IDENTITY, *_HOME, *_CONTACT, "profile.relationships", *_STAY, *_BOOKING),
        source="BOE-A-2021-17461",
    ),
    RetentionRule(
        name="fr.police-form",
        country="FR",
        legal_basis="CESEDA art. R814-3: six months, then destroyed",
        minimum="P6M",
        maximum="P6M",
        fields=(*_NAME, *_BIRTH, "profile.birth_place", *_HOME, *_CONTACT, *_STAY),
        source="Code de l'entrée et du séjour des étrangers et du droit d'asile",
        foreigners_only=True,
    ),
    RetentionRule(
        name="it.police-receipts",
        country="IT",
        legal_basis="Garante: receipts of the questura five years; guests' data not beyond them",
        record_kind="registration-receipt",
        minimum="P5Y",
        maximum="P5Y",
        source="TULPS art. 109, decree of 7 January 2013",
    ),
    RetentionRule(
        name="pt.accommodation-bulletin",
        country="PT",
        # The notice of the exit is due within three working days, and the year runs from it.
        legal_basis="Lei 23/2007, art. 15 (5): one year from the day after the exit notice",
        minimum="P1Y7D",
        maximum="P1Y7D",
        fields=(*_NAME, *_BIRTH, "profile.documents", "profile.country_of_residence", *_STAY),
        source="Lei n.º 23/2007 de 4 de julho",
        foreigners_only=True,
    ),
    RetentionRule(
        name="sk.registration-form",
        country="SK",
        legal_basis="Act 404/2011 § 113: two years",
        minimum="P2Y",
        fields=(*_IDENTITY, *_HOME, *_STAY),
        source="zákon č. 404/2011 Z. z.",
        foreigners_only=True,
    ),
    RetentionRule(
        name="si.guest-book",
        country="SI",
        legal_basis="one year, as third parties say; the law was not seen",
        minimum="P1Y",
        fields=(*_IDENTITY, *_STAY),
        trust=Trust.UNVERIFIED,
    ),
    RetentionRule(
        name="de.tax-records",
        country="DE",
        legal_basis="AO § 147, ten years, as third parties say",
        record_kind="invoice",
        clock=Clock.FISCAL_YEAR_END,
        minimum="P10Y",
        trust=Trust.UNVERIFIED,
    ),
    RetentionRule(
        name="dk.bookkeeping",
        country="DK",
        legal_basis="five years, as third parties say",
        record_kind="invoice",
        clock=Clock.FISCAL_YEAR_END,
        minimum="P5Y",
        trust=Trust.UNVERIFIED,
    ),
    RetentionRule(
        name="nl.tax-records",
        country="NL",
        legal_basis="seven years, as third parties say",
        record_kind="invoice",
        clock=Clock.FISCAL_YEAR_END,
        minimum="P7Y",
        trust=Trust.UNVERIFIED,
    ),
)
