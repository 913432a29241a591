"""SELECT DATA (ISO/IEC 7816-4:2020 §11.5.2), in the form that OpenPGP cards give it: an occurrence of one tag."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.objects.get import TAG_LIST
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.objects import object_of
from bifente.applets.kernel.refusals import PART_4, incorrect_data, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.5.2"
_GENERAL_REFERENCE = 0x60
_NOTHING = 0x04


class SelectDataRequest(NamedTuple):
    """Make an occurrence of an object, counted from 0, the one that GET DATA and PUT DATA mean."""

    reference: int
    occurrence: int


def _request(apdu: CommandAPDU) -> SelectDataRequest:
    if apdu.p2 != _NOTHING:
        raise wrong_parameters(apdu, _CLAUSE, "P1 is an occurrence, from 00 on, and P2 04")
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(
            apdu, _CLAUSE, "SELECT DATA sends a general reference 60{5C tag} and expects nothing"
        )
    try:
        outer, rest = tlv.decode_one(apdu.data)
        listed = tlv.find(outer.value, TAG_LIST) if outer.tag == _GENERAL_REFERENCE and not rest else None
        tag, end = tlv.read_tag(listed or b"", 0)
    except ApduError as error:
        raise incorrect_data(_CLAUSE, "the data field is not 60{{5C tag}}: {}", str(error)) from None
    if listed is None or end != len(listed):
        raise incorrect_data(_CLAUSE, "the tag list 5C holds one tag")
    return SelectDataRequest(tag, apdu.p1)


def _select(card: "SmartCard", request: SelectDataRequest) -> bytes:
    """Until a file is selected, or another object."""
    found = object_of(card, _CLAUSE, request.reference)
    if request.occurrence >= found.most:
        why = Why(_CLAUSE, "data object {:04X} occurs {} times at most", (found.reference, found.most))
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND, why)
    card.channel.selected = (request.reference, request.occurrence)
    return b""


SELECT_DATA = Instruction(instructions.SELECT_DATA, "SELECT DATA", _request, _select)
