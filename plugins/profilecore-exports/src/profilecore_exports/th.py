"""Thailand: the workbook of the TM30 notification of foreign guests (unverified)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import msgspec

from profilecore.model.enums import DocumentType, Sex
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Covers,
    Deadline,
    Format,
    Need,
    OutFile,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.letters import NUMBER, UPPER_NAME
from profilecore_exports.naming import file_name
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DEPARTURE,
    FIRST_NAME,
    NATIONALITY,
    SEX,
    fits,
)
from profilecore_exports.workbook import workbook

FORMAT = "th.tm30"
SHEET = "แบบแจ้งที่พัก Inform Accom"
HEAD = (
    "ชื่อ\nFirst Name *",
    "ชื่อกลาง\nMiddle Name",
    "นามสกุล\nLast Name",
    "เพศ\nGender *",
    "เลขหนังสือเดินทาง\nPassport No. *",
    "สัญชาติ\nNationality *",
    "วัน เดือน ปี เกิด\nBirth Date *\nDD/MM/YYYY(ค.ศ. / A.D.)",
    "วันที่แจ้งออกจากที่พัก\nCheck-out Date *\nDD/MM/YYYY(ค.ศ. / A.D.)",
    "เบอร์โทรศัพท์\nPhone No.",
)


@frozen
class ThailandConfig:
    """The settings under ``exports-th``: there are none."""

    properties: dict[str, str] = attrs.field(factory=dict)


def _row(report: Report, setting: Setting) -> str:
    guest = report.guest
    passport = guest.document((DocumentType.PASSPORT,))
    leaves = guest.leaves
    assert guest.born is not None
    assert passport is not None
    assert leaves is not None
    cells = (
        fits(UPPER_NAME.fit(guest.name.first_name), "/first_name", "first name"),
        UPPER_NAME.fit(guest.name.middle_name),
        UPPER_NAME.fit(guest.surnames),
        "M" if guest.sex is Sex.MALE else "F",
        fits(NUMBER.fit(passport.number), "/documents", "passport's number"),
        alpha_3(guest.nationality),
        f"{guest.born:%d/%m/%Y}",
        f"{leaves:%d/%m/%Y}",
        guest.phone,
    )
    return msgspec.json.encode(cells).decode()


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    content = workbook(SHEET, HEAD, (msgspec.json.decode(report.text) for report in reports))
    return OutFile(file_name(FORMAT, setting, "xlsx"), content, tuple(reports))


class ThailandPlugin(CountryPlugin):
    """The format of Thailand."""

    name = "exports-th"
    Config = ThailandConfig

    def formats(self) -> tuple[Format, ...]:
        made = Format(
            name=FORMAT,
            title="TM30, notification of foreign guests (XLSX)",
            country="TH",
            trust=Trust.THIRD_PARTIES,
            source="a third party's converter; the deadline by Immigration Act s. 38",
            deadline=Deadline("24 hours from the arrival", hours=24),
            write=_row,
            assemble=_file,
            covers=Covers(foreigners_only=True),
            needs=(
                FIRST_NAME,
                SEX,
                BIRTH_DATE,
                NATIONALITY,
                Need(
                    "/documents",
                    "passport",
                    "A passport with its number is missing.",
                    lambda g: g.document((DocumentType.PASSPORT,)),
                ),
                ARRIVAL,
                DEPARTURE,
            ),
            letters=UPPER_NAME,
            note="Unverified: compare with the workbook of the immigration's own site.",
        )
        return (made,)
