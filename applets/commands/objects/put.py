"""PUT DATA by reference, ``DA``, and of BER-TLV objects, ``DB`` (ISO/IEC 7816-4:2020 §11.5.4)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.objects.reference import CURRENT, named, reference
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.objects import (
    MAX_OBJECT,
    encode_values,
    object_of,
    object_record,
    occurrence,
    values_of,
)
from bifente.applets.kernel.refusals import PART_4, incorrect_data, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.5.4"


class PutRequest(NamedTuple):
    """Give these objects their values, all of them or none."""

    values: tuple[tuple[int, bytes], ...]


def _request(apdu: CommandAPDU) -> PutRequest:
    if apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "PUT DATA sends a value and expects none")
    return PutRequest(((reference(apdu, _CLAUSE), apdu.data),))


def _list_request(apdu: CommandAPDU) -> PutRequest:
    if (apdu.p1, apdu.p2) != CURRENT:
        raise wrong_parameters(apdu, _CLAUSE, "PUT DATA of objects of the current DF has 3FFF")
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "PUT DATA sends objects and expects none")
    try:
        items = tlv.decode(apdu.data)
    except ApduError as error:
        raise incorrect_data(_CLAUSE, "the data field is not BER-TLV: {}", str(error)) from None
    if len({item.tag for item in items}) != len(items):
        raise incorrect_data(_CLAUSE, "an object is there twice")
    return PutRequest(tuple((item.tag, item.value) for item in items))


def _put(card: "SmartCard", request: PutRequest) -> bytes:
    """The values stand in the place of the old ones; an empty value takes the object away."""
    path = card.channel.directory.path
    changes: dict[str, bytes | None] = {}
    for meant, value in request.values:
        found = object_of(card, _CLAUSE, meant)
        require("PUT DATA", named(meant), found.access.get(Operation.PUT), card.proven)
        if len(value) > MAX_OBJECT:
            why = Why(
                _CLAUSE, "a data object has at most {} bytes, not {} (synthetic)", (MAX_OBJECT, len(value))
            )
            raise CardError(SW.NOT_ENOUGH_MEMORY, why)
        values, chosen = values_of(card, found), occurrence(card, found)
        values += [b""] * (chosen + 1 - len(values))
        values[chosen] = value
        changes[object_record(path, meant)] = encode_values(values) if any(values) else None
    present = set(card.store.names("object/"))
    card.persistent.commit(
        {name: value for name, value in changes.items() if value is not None or name in present}
    )
    return b""


PUT_DATA_SIMPLE = Instruction(instructions.PUT_DATA, "PUT DATA", _request, _put, chainable=True)
PUT_DATA_LIST = Instruction(
    instructions.PUT_DATA | instructions.BER_TLV, "PUT DATA", _list_request, _put, chainable=True
)
