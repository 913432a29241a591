"""The carte Vitale 1: the family card of 1998, with up to 19 bénéficiaires.

Public are its ATRs (T=0, inverse convention), its 4 KB of memory, that it is a family card, and that its data are coded
and not enciphered (``spec/cards.md`` §1.1, §1.4: pcsc-tools and the press of 2000 to 2005). Commands, memory map and keys
are not: files, rules, keys and the class byte are ``synthetic``. The class is that of the generic Bull CP8 commands (BC),
of which public courses say that READ is B0 there; no page ties them to the Vitale. The press says that the real card
enforced no protection of its data; ours does, by the recognition that the State announced for it.

What anybody reads here is what is printed on the card: number, name, NIR. The rights open to a professional only.
"""

from bifente.apdu.files.security import Operation
from bifente.layouts.access import ALWAYS, NEVER
from bifente.layouts.codecs import identity
from bifente.layouts.codecs.groupfiles import GroupsCodec, beneficiary_file
from bifente.layouts.nodes import DF, EF, SYNTHETIC, Layout, SecretKey, ef_access
from bifente.layouts.recognition import VITALE
from bifente.layouts.roles import ANY_PROFESSIONAL, RECOGNISED
from bifente.layouts.symmetric import ALGORITHM, KEY_RECOGNITION, KEY_SHEET
from bifente.ssv.people import BENEFICIARIES

ATR = bytes.fromhex("3F6525002209F99000")

CLASS = 0xBC
"""The class byte of all its commands (``synthetic``, that of Bull CP8)."""

MEMORY = 4096
"""Bytes for all files and keys (``spec/cards.md`` §1.4)."""

PCSC_TOOLS = "pcsc-tools smartcard_list.txt (ATR)"

NUMBER_FID, FACE_FID = 0x2F02, 0x2002
FIRST_GROUP_FID, FIRST_BENEFICIARY_FID = 0x2101, 0x2201

_FREE = ef_access(read=ALWAYS)


def _rights(name: str, fid: int, meaning: str, *, optional: bool = True) -> EF:
    return EF(
        name,
        fid,
        GroupsCodec(),
        ef_access(read=ANY_PROFESSIONAL),
        SYNTHETIC,
        meaning=meaning,
        optional=optional,
        personal=True,
    )


LAYOUT = Layout(
    "vitale1",
    "carte Vitale 1",
    "a carte Vitale 1",
    ATR,
    None,
    DF(
        "MF",
        0x3F00,
        SYNTHETIC,
        children=(
            EF("EF.PAN", NUMBER_FID, identity.SERIAL, _FREE, SYNTHETIC, 0x01, meaning="card number"),
            EF(
                "EF.FACE",
                FACE_FID,
                identity.FACE,
                _FREE,
                f"{SYNTHETIC}; what is printed on the card is public",
                0x02,
                meaning="what is printed on the card: names and NIR of the assuré",
                personal=True,
            ),
            _rights("G101", FIRST_GROUP_FID, "SSV group 101: données assuré", optional=False),
            _rights("G102", 0x2102, "SSV group 102: service AMO famille"),
            _rights("G103", 0x2103, "SSV group 103: accident du travail"),
            *(
                _rights(
                    beneficiary_file(number),
                    FIRST_BENEFICIARY_FID + number - 1,
                    f"SSV groups 104 to 111 of bénéficiaire {number}",
                )
                for number in range(1, BENEFICIARIES + 1)
            ),
        ),
        secrets=(
            SecretKey(
                "recognition",
                KEY_RECOGNITION,
                {Operation.EXTERNAL_AUTHENTICATE: ALWAYS, Operation.INTERNAL_AUTHENTICATE: RECOGNISED},
                ALGORITHM,
                SYNTHETIC,
                use="recognition",
            ),
            SecretKey(
                "sheet certificate",
                KEY_SHEET,
                {Operation.EXTERNAL_AUTHENTICATE: NEVER, Operation.INTERNAL_AUTHENTICATE: ANY_PROFESSIONAL},
                ALGORITHM,
                SYNTHETIC,
                use="sheet",
            ),
        ),
    ),
    select_answers=frozenset({0x0C}),
    source=PCSC_TOOLS,
    party=VITALE,
    atr_differs={4: bytes.fromhex("222C52A3A4"), 6: bytes.fromhex("F9696A")},
    command_class=CLASS,
    memory=MEMORY,
)
