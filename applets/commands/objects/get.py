"""GET DATA by reference, ``CA``, and by a list of tags, ``CB`` (ISO/IEC 7816-4:2020 §11.5.3)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.sdo import SdoRequest
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands import dataobjects
from bifente.applets.commands.objects.reference import CURRENT, named, reference
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.objects import object_of, occurrence, values_of
from bifente.applets.kernel.refusals import PART_4, incorrect_data, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.5.3"
TAG_LIST = 0x5C


def _request(apdu: CommandAPDU) -> int:
    if apdu.data or apdu.ne is None:
        raise wrong_length(apdu, _CLAUSE, "GET DATA sends nothing and asks by Le")
    return reference(apdu, _CLAUSE)


def _get(card: "SmartCard", meant: int) -> bytes:
    """The value alone: whoever asks knows the tag."""
    return _value(card, meant)


def _value(card: "SmartCard", meant: int) -> bytes:
    found = object_of(card, _CLAUSE, meant)
    require("GET DATA", named(meant), found.access.get(Operation.GET), card.proven)
    values, chosen = values_of(card, found), occurrence(card, found)
    if chosen >= len(values) or not values[chosen]:
        why = Why(_CLAUSE, "data object {} has no value there", (named(meant),))
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND, why)
    return values[chosen]


def _list_request(apdu: CommandAPDU) -> SdoRequest | tuple[int, ...]:
    if apdu.data[:1] != bytes((TAG_LIST,)):
        return dataobjects.GET_DATA.request(apdu)
    if (apdu.p1, apdu.p2) != CURRENT:
        raise wrong_parameters(apdu, _CLAUSE, "GET DATA on objects of the current DF has 3FFF")
    try:
        found, rest = tlv.decode_one(apdu.data)
        tags, at = [], 0
        while at < len(found.value):
            tag, at = tlv.read_tag(found.value, at)
            tags.append(tag)
    except ApduError as error:
        raise incorrect_data(_CLAUSE, "the data field is not a tag list 5C: {}", str(error)) from None
    if rest or not tags:
        raise incorrect_data(_CLAUSE, "the data field is not one tag list 5C with tags in it")
    return tuple(tags)


def _get_listed(card: "SmartCard", request: SdoRequest | tuple[int, ...]) -> bytes:
    """The objects one after the other, each with its tag; an IAS-ECC card's objects by their header lists."""
    if isinstance(request, SdoRequest):
        return dataobjects.GET_DATA.run(card, request)
    return b"".join(tlv.encode(tag, _value(card, tag)) for tag in request)


GET_DATA_SIMPLE = Instruction(instructions.GET_DATA, "GET DATA", _request, _get)
GET_DATA_LIST = Instruction(
    instructions.GET_DATA | instructions.BER_TLV, "GET DATA", _list_request, _get_listed
)
