"""GET DATA on security data objects: ``00 CB 3F FF`` with an extended header list (OpenSC, driver ``iasecc``)."""

from typing import TYPE_CHECKING

from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.sdo import (
    CHV_DATA_TAG,
    DOCP_TAG,
    PRIVATE_KEY_TAG,
    Docp,
    SdoClass,
    SdoRequest,
    encode_answer,
)
from bifente.apdu.security import InterfaceAttributes, Operation, Target
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.layouts.nodes import attributes

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_SE_CONTENT_TAG = 0x7B


def _request(apdu: CommandAPDU) -> SdoRequest:
    if (apdu.p1, apdu.p2) != (0x3F, 0xFF):
        raise CardError(SW.INCORRECT_P1_P2)
    if not apdu.data:
        raise CardError(SW.WRONG_LENGTH)
    try:
        return SdoRequest.parse(apdu.data)
    except ApduError:
        # A tag list of another application (5C …) is well formed, but nothing here has it.
        raise CardError(
            SW.REFERENCED_DATA_NOT_FOUND if apdu.data[0] == 0x5C else SW.INCORRECT_DATA_FIELD
        ) from None


def _get_data(card: "SmartCard", request: SdoRequest) -> bytes:
    """The object is looked for in the current DF. Secret values are refused with 6A80, as OpenSC expects."""
    sdo, wanted = request.sdo, request.wanted
    if wanted[0] in (CHV_DATA_TAG, PRIVATE_KEY_TAG):
        raise CardError(SW.INCORRECT_DATA_FIELD)
    node = card.volatile.directory.node
    if sdo.sdo_class == SdoClass.SECURITY_ENVIRONMENT:
        for environment in node.environments:
            if environment.number == sdo.reference and wanted == (_SE_CONTENT_TAG,):
                return encode_answer(sdo, environment.content)
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    docp = _docp(card, sdo.sdo_class, sdo.reference)
    if docp is None or wanted != (DOCP_TAG,):
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    return encode_answer(sdo, docp.encode())


def _docp(card: "SmartCard", sdo_class: int, reference: int) -> Docp | None:
    node = card.volatile.directory.node
    if sdo_class == SdoClass.CHV:
        for definition in node.pins:
            if definition.reference == reference:
                pin = card.persistent.pins[reference]
                return Docp(
                    sdo_class,
                    max_tries=definition.tries,
                    tries_left=pin.left,
                    uses_left=pin.uses_left,
                    security=InterfaceAttributes(attributes(Target.CHV, definition.access, bit8=True)),
                )
    elif sdo_class == SdoClass.RSA_PRIVATE:
        for key in node.keys:
            if key.sdo_reference == reference and Operation.GET in key.access:
                return Docp(
                    sdo_class,
                    security=InterfaceAttributes(attributes(Target.RSA_KEY, key.access)),
                    size=256,
                    non_repudiation=key.non_repudiation,
                )
    return None


GET_DATA = Instruction(0xCB, "GET DATA", _request, _get_data)
