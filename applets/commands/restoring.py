"""MANAGE SECURITY ENVIRONMENT with the function RESTORE beside SET (ISO/IEC 7816-4:2020 §11.6.11)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands import environment
from bifente.applets.commands.environment import ALGORITHM_TAG, PRIVATE_KEY_TAG, PUBLIC_KEY_TAG
from bifente.applets.kernel.files import Directory
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, not_on_card, wrong_length
from bifente.applets.kernel.state import ControlReferenceTemplate, Environment
from bifente.layouts.nodes import Crt, SecurityEnvironment

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.6.11"
_RESTORE = 0xF3
_CONTENT = 0x7B
_SET = environment.MANAGE_SECURITY_ENVIRONMENT
_CRTS = {crt.tag: crt for crt in Crt}


class RestoreRequest(NamedTuple):
    """Make the stored environment SE#``number`` the current one."""

    number: int


def _request(apdu: CommandAPDU) -> object:
    if apdu.p1 != _RESTORE:
        return _SET.request(apdu)
    if apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "MSE RESTORE sends nothing and answers nothing")
    return RestoreRequest(apdu.p2)


def _manage(card: "SmartCard", request: object) -> bytes:
    """What was set before is gone. Keys that the environment names are looked for when they are used."""
    if not isinstance(request, RestoreRequest):
        return _SET.run(card, request)  # type: ignore[arg-type]  # it is what its own request function gave
    found = _stored(card.channel.directory, request.number)
    if found is None:
        raise not_on_card(
            _CLAUSE,
            "neither {} nor a directory around it has SE#{}",
            card.channel.directory.path,
            request.number,
        )
    card.channel.environment = _restored(found)
    return b""


def _stored(directory: Directory | None, number: int) -> SecurityEnvironment | None:
    while directory is not None:
        for each in directory.node.environments:
            if each.number == number:
                return each
        directory = directory.parent
    return None


def _restored(stored: SecurityEnvironment) -> Environment:
    """The templates of a stored environment; a key of 84 is for computing, one of 83 for verifying."""
    made = Environment()
    for template in tlv.decode(tlv.find(stored.content, _CONTENT) or b""):
        crt = _CRTS.get(template.tag)
        if crt is None:
            continue
        algorithm = tlv.find(template.value, ALGORITHM_TAG)
        private = tlv.find(template.value, PRIVATE_KEY_TAG)
        public = tlv.find(template.value, PUBLIC_KEY_TAG)
        filled = ControlReferenceTemplate(
            algorithm[0] if algorithm else None, private[0] if private else None, public
        )
        (made.verifying if public is not None else made.computing)[crt] = filled
    return made


MANAGE_SECURITY_ENVIRONMENT = Instruction(
    instructions.MANAGE_SECURITY_ENVIRONMENT, "MANAGE SECURITY ENVIRONMENT", _request, _manage
)
