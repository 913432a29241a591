"""GET DATA on security data objects: ``00 CB 3F FF`` with an extended header list (OpenSC, driver ``iasecc``)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.sdo import (
    CHV_DATA_TAG,
    DOCP_TAG,
    PRIVATE_KEY_TAG,
    Docp,
    SdoClass,
    SdoRequest,
    encode_answer,
)
from bifente.apdu.files.security import InterfaceAttributes, Operation, Target
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, wrong_length, wrong_parameters
from bifente.layouts.nodes import attributes, told

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_SE_CONTENT_TAG = 0x7B
_CLAUSE = f"{PART_4} §11.5.3"


def _request(apdu: CommandAPDU) -> SdoRequest:
    if (apdu.p1, apdu.p2) != (0x3F, 0xFF):
        raise wrong_parameters(apdu, _CLAUSE, "GET DATA on objects of the current DF has 3FFF")
    if not apdu.data:
        raise wrong_length(apdu, _CLAUSE, "GET DATA carries an extended header list")
    try:
        return SdoRequest.parse(apdu.data)
    except ApduError as error:
        if apdu.data[0] == 0x5C:
            # A tag list of another application (5C …) is well formed, but nothing here has it.
            why = Why(_CLAUSE, "this card has no object that a tag list (5C) could name")
            raise CardError(SW.REFERENCED_DATA_NOT_FOUND, why) from None
        why = Why(
            _CLAUSE, "the data field is not an extended header list 4D{{70{{BFccrr…}}}}: {}", (str(error),)
        )
        raise CardError(SW.INCORRECT_DATA_FIELD, why) from None


def _get_data(card: "SmartCard", request: SdoRequest) -> bytes:
    """The object is looked for in the current DF. Secret values are refused with 6A80, as OpenSC expects."""
    sdo, wanted = request.sdo, request.wanted
    if wanted[0] in (CHV_DATA_TAG, PRIVATE_KEY_TAG):
        why = Why(
            "OpenSC, driver iasecc",
            "{} of {} is a secret value, which no rule gives out",
            (f"{wanted[0]:02X}", sdo.explain()),
        )
        raise CardError(SW.INCORRECT_DATA_FIELD, why)
    node = card.channel.directory.node
    if sdo.sdo_class == SdoClass.SECURITY_ENVIRONMENT:
        for environment in node.environments:
            if environment.number == sdo.reference and wanted == (_SE_CONTENT_TAG,):
                return encode_answer(sdo, environment.content)
        raise _missing(card, request)
    docp = _docp(card, sdo.sdo_class, sdo.reference)
    if docp is None or wanted != (DOCP_TAG,):
        raise _missing(card, request)
    return encode_answer(sdo, docp.encode())


def _missing(card: "SmartCard", request: SdoRequest) -> CardError:
    tags = ", ".join(f"{tag:02X}" for tag in request.wanted)
    why = Why(
        _CLAUSE, "{} has no object {} with {}", (card.channel.directory.path, request.sdo.explain(), tags)
    )
    return CardError(SW.REFERENCED_DATA_NOT_FOUND, why)


def _docp(card: "SmartCard", sdo_class: int, reference: int) -> Docp | None:
    node = card.channel.directory.node
    if sdo_class == SdoClass.CHV:
        for definition in node.pins:
            if definition.reference == reference:
                pin = card.persistent.pins[reference]
                return Docp(
                    sdo_class,
                    max_tries=definition.tries,
                    tries_left=pin.left,
                    uses_left=pin.uses_left,
                    security=definition.security,
                )
    elif sdo_class == SdoClass.RSA_PRIVATE:
        for key in node.keys:
            if key.sdo_reference == reference and Operation.GET in told(key):
                return Docp(
                    sdo_class,
                    security=key.security,
                    size=256,
                    non_repudiation=key.non_repudiation,
                )
    elif sdo_class == SdoClass.KEYSET:
        for keyset in node.keysets:
            if keyset.sdo_reference == reference:
                security = InterfaceAttributes(attributes(Target.KEYSET, keyset.access))
                return Docp(sdo_class, security=security)
    return None


GET_DATA = Instruction(instructions.GET_DATA | instructions.BER_TLV, "GET DATA", _request, _get_data)
