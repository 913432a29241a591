"""The CPS2ter of a chip: class A0, with its own status words, beside the IAS applet of the same chip.

Public are the class byte, the status words, the names of the instructions, what SELECT answers and how the middleware
reads with them (ansforge/dops-cryptolib, ``card-cps.c``). ``synthetic`` are the form and the reference of the PIN, which
is that of the chip and has its counters, and what STATUS answers. The commands of that applet's own cryptography are not
public and are answered 6D00.

Which applet has the chip: a command of class A0 hands it to the CPS2ter. From then on the IAS applet answers 6E00 to
everything but SELECT by its own name, by which the public middleware brings it back. What has been proven to the chip
holds in both, so that a PIN verified for one opens the other.
"""

from collections.abc import Iterator, Mapping
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import CommandPart, Why
from bifente.apdu.status import SW
from bifente.apdu.tlv import encode
from bifente.applets.commands.selection import Method
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File, Tree
from bifente.applets.kernel.instruction import Instruction, Table, table
from bifente.applets.kernel.state import PinState, pin_record
from bifente.layouts import cps2ter as volet
from bifente.slotted import dataclass

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE: Final = "ansforge/dops-cryptolib, class A0"
_PIN_CLAUSE: Final = "class A0, PIN (synthetic)"
_MF_FID: Final = 0x3F00

_ANSWER_TAG: Final = 0x85
_MF, _DF, _EF = 0x01, 0x02, 0x04
_OK: Final = SW.SUCCESS.to_bytes_be()

DIGITS: Final = (4, 8)
"""How many digits a PIN has, in ASCII and without padding, as for the IAS applet."""
CHALLENGE: Final = 8


@dataclass(slots=True)
class VoletState:
    """What the CPS2ter knows until the next reset, or until the other applet is called back."""

    directory: Directory
    file: File | None = None


class _Request(NamedTuple):
    """A command as its action takes it: P2 and data, or how many bytes at which offset."""

    number: int = 0
    data: bytes = b""
    length: int = 0


class Cps2terApplet:
    """The other applet of a CPS3, and of a CPS4."""

    def transmit(self, card: "SmartCard", apdu: CommandAPDU) -> bytes:
        """The answer to a command of class A0, with its status word. Raises CardError."""
        self.enter(card, apdu)
        instruction = _TABLE.get(apdu.ins)
        if instruction is None:
            why = Why(_CLAUSE, "the CPS2ter has no instruction {} here", (CommandPart(apdu.raw, 1, 2),))
            raise CardError(SW.INSTRUCTION_NOT_SUPPORTED, why)
        return instruction.run(card, instruction.request(apdu))[: apdu.ne or 0] + _OK

    def enter(self, card: "SmartCard", apdu: CommandAPDU) -> None:
        """Give the chip to the CPS2ter, if it has it not. Raises CardError where there is none."""
        if card.layout.without_contacts:
            raise no_class(apdu, "the contactless interface has no CPS2ter")
        if card.asleep is None:
            card.elsewhere = VoletState(Tree(card.layout, card.store, apart=True).mf)
            card.instructions, card.asleep = _Asleep(card.instructions), card.instructions
            card.channel.environment = card.channel.session = None


def no_class(apdu: CommandAPDU, sentence: str) -> CardError:
    """6E00, and why."""
    return CardError(
        SW.CLASS_NOT_SUPPORTED, Why(_CLAUSE, f"class {{}}: {sentence}", (CommandPart(apdu.raw, 0, 1),))
    )


class _Asleep(Mapping[int, Instruction[Any]]):
    """The instructions of the IAS applet while the CPS2ter has the chip: SELECT by its name brings it back."""

    def __init__(self, own: Table) -> None:
        self._own = own
        self._any = Instruction[CommandAPDU](0, "of the IAS applet", lambda apdu: apdu, self._called)

    def __getitem__(self, ins: int) -> Instruction[Any]:
        return self._any

    def __iter__(self) -> Iterator[int]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def get(self, ins: int, default: object = None) -> Instruction[Any]:
        """What answers any instruction."""
        return self._any

    def _called(self, card: "SmartCard", apdu: CommandAPDU) -> bytes:
        by_name = apdu.ins == instructions.SELECT and apdu.p1 == Method.BY_NAME
        if not by_name or apdu.data not in card.layout.applets:
            raise no_class(apdu, "the CPS2ter has the chip, until SELECT by name calls the IAS applet")
        select = self._own[instructions.SELECT]
        request = select.request(apdu)
        card.instructions, card.asleep, card.elsewhere = self._own, None, None
        return select.run(card, request)


def _state(card: "SmartCard") -> VoletState:
    state = card.elsewhere
    assert isinstance(state, VoletState)
    return state


def _wrong(sw: SW, sentence: str, *values: object) -> CardError:
    return CardError(sw, Why(_CLAUSE, sentence, values))


def _plain(apdu: CommandAPDU) -> None:
    if apdu.p1 or apdu.p2:
        raise _wrong(SW.WRONG_P1_P2, "P1-P2 are {}, not 0000", CommandPart(apdu.raw, 2, 4))


# Files.


def _select_request(apdu: CommandAPDU) -> _Request:
    _plain(apdu)
    if len(apdu.data) != 2:
        raise _wrong(SW.WRONG_LENGTH, "SELECT takes a file identifier of 2 bytes, {} came", len(apdu.data))
    return _Request(int.from_bytes(apdu.data, "big"))


def _select(card: "SmartCard", request: _Request) -> bytes:
    """The MF, the current directory or one beside it, or what is in it; what is not found changes nothing.

    A directory is answered by the status word alone, a file by ``85 L`` and what stands behind it.
    """
    state = _state(card)
    found: File | Directory | None = None
    current: Directory | None = state.directory
    root = current
    while root is not None and root.parent is not None:
        root = root.parent
    if request.number == _MF_FID:
        found = root
    while found is None and current is not None:
        found = current if current.node.fid == request.number else current.by_fid.get(request.number)
        current = current.parent
    if found is None:
        raise _wrong(SW.CPS2TER_FILE_NOT_FOUND, "{} has no file {:04X}", state.directory.path, request.number)
    if isinstance(found, Directory):
        state.directory, state.file = found, None
        return b""
    state.directory, state.file = found.parent, found
    return _described(found)


def _described(file: File) -> bytes:
    size, fid = len(file.content).to_bytes(2, "big"), file.node.fid.to_bytes(2, "big")
    return encode(_ANSWER_TAG, size + fid + bytes((_EF, 0, 0)))


def _described_directory(directory: Directory) -> bytes:
    kind = _MF if directory.parent is None else _DF
    return encode(_ANSWER_TAG, bytes(2) + directory.node.fid.to_bytes(2, "big") + bytes((kind, 0, 0)))


def _status_request(apdu: CommandAPDU) -> _Request:
    _plain(apdu)
    if apdu.data or apdu.ne is None:
        raise _wrong(SW.WRONG_LENGTH, "STATUS sends nothing and asks for some by Le")
    return _Request()


def _status(card: "SmartCard", request: _Request) -> bytes:  # noqa: ARG001
    """What SELECT answers of a file, of the current directory (synthetic)."""
    return _described_directory(_state(card).directory)


def _read_request(apdu: CommandAPDU) -> _Request:
    if apdu.data or apdu.ne is None:
        raise _wrong(SW.WRONG_LENGTH, "READ BINARY sends no data and asks for some by Le")
    return _Request(apdu.p1 << 8 | apdu.p2, length=apdu.ne)


def _current(card: "SmartCard") -> File:
    file = _state(card).file
    if file is None:
        raise _wrong(SW.CPS2TER_WRONG_FILE_TYPE, "no file is selected that has bytes")
    return file


def _read(card: "SmartCard", request: _Request) -> bytes:
    """Exactly so many bytes: what lies outside is a bad address."""
    file = _current(card)
    if not file.read_rule.allows(card.proven):
        raise _wrong(
            SW.CPS2TER_PIN_INCORRECT, "{} is read under the PIN, which has not been presented", file.path
        )
    end = request.number + request.length
    if end > len(file.content):
        pattern = "{} bytes from offset {} lie outside {}, which has {}"
        raise _wrong(
            SW.CPS2TER_BAD_ADDRESS, pattern, request.length, request.number, file.path, len(file.content)
        )
    return file.content[request.number : end]


def _update_request(apdu: CommandAPDU) -> _Request:
    if not apdu.data:
        raise _wrong(SW.WRONG_LENGTH, "UPDATE BINARY carries data")
    return _Request(apdu.p1 << 8 | apdu.p2, apdu.data)


def _update(card: "SmartCard", request: _Request) -> bytes:  # noqa: ARG001
    """Nobody but the issuer writes to the volet, and its keys are not public."""
    file = _current(card)
    raise _wrong(SW.CPS2TER_PIN_INCORRECT, "{} is written by the issuer alone", file.path)


def _challenge_request(apdu: CommandAPDU) -> _Request:
    _plain(apdu)
    if apdu.data or apdu.ne != CHALLENGE:
        raise _wrong(SW.WRONG_LENGTH, "AskRandom asks by Le for {} bytes", CHALLENGE)
    return _Request()


def _challenge(card: "SmartCard", request: _Request) -> bytes:  # noqa: ARG001
    return card.random(CHALLENGE)


# The PIN of the chip.


def _pin_request(apdu: CommandAPDU) -> _Request:
    if apdu.p1:
        raise CardError(SW.WRONG_P1_P2, Why(_PIN_CLAUSE, "P1 is 00"))
    if not apdu.data:
        raise CardError(SW.WRONG_LENGTH, Why(_PIN_CLAUSE, "the digits are missing"))
    return _Request(apdu.p2, apdu.data)


def _pin(card: "SmartCard", reference: int) -> PinState:
    """The PIN that P2 names. What stands there stays untold: where a header is forgotten it is a digit."""
    pin = card.persistent.pins.get(reference)
    if pin is None or pin.definition.unblocked_by is None:
        why = Why(_PIN_CLAUSE, "no PIN has the reference in P2; there is {:02X}", (volet.PIN,))
        raise CardError(SW.CPS2TER_PIN_NOT_ACTIVATED, why)
    return pin


def _well_formed(digits: bytes) -> bool:
    return DIGITS[0] <= len(digits) <= DIGITS[1] and digits.isdigit()


def _compare(card: "SmartCard", pin: PinState, digits: bytes) -> None:
    """Take a try, then compare: 9840 when none was left, 9804 when it is another."""
    if pin.blocked:
        raise CardError(SW.CPS2TER_PIN_LOCKED, Why(_PIN_CLAUSE, "{} is blocked", (pin.label,)))
    card.persistent.consume_try(pin)
    if not compare_digest(pin.value, digits):
        card.proven.verified.discard(pin.definition.reference)
        card.proven.forget_recognition()
        why = Why(
            _PIN_CLAUSE,
            "the value is not that of {}; {} of {} tries are left",
            (pin.label, pin.left, pin.definition.tries),
        )
        raise CardError(SW.CPS2TER_PIN_INCORRECT, why)


def _verify(card: "SmartCard", request: _Request) -> bytes:
    pin = _pin(card, request.number)
    if not _well_formed(request.data):
        raise CardError(SW.WRONG_LENGTH, Why(_PIN_CLAUSE, "a PIN has 4 to 8 digits"))
    _compare(card, pin, request.data)
    card.persistent.accept(pin)
    card.proven.verified.add(request.number)
    return b""


def _change(card: "SmartCard", request: _Request) -> bytes:
    """The old value, as long as it is, then the new one."""
    pin = _pin(card, request.number)
    old, new = request.data[: len(pin.value)], request.data[len(pin.value) :]
    _compare(card, pin, old)
    _accept_new(card, pin, pin, new)
    return b""


def _unblock(card: "SmartCard", request: _Request) -> bytes:
    """The unblocking code, as long as it is, then the new PIN."""
    pin = _pin(card, request.number)
    code = card.persistent.pins[pin.definition.unblocked_by or 0]
    presented, new = request.data[: len(code.value)], request.data[len(code.value) :]
    _compare(card, code, presented)
    _accept_new(card, code, pin, new)
    return b""


def _accept_new(card: "SmartCard", compared: PinState, pin: PinState, new: bytes) -> None:
    """*compared* was right: give its tries back, and *pin* the value *new*, all at once."""
    if not _well_formed(new):
        card.persistent.accept(compared)
        raise CardError(SW.WRONG_LENGTH, Why(_PIN_CLAUSE, "what follows is not a PIN of 4 to 8 digits"))
    changes: dict[str, bytes | None] = {pin_record(pin.definition.reference): new}
    if compared is not pin:
        changes[pin.left_record] = bytes((pin.definition.tries,))
        card.proven.verified.discard(pin.definition.reference)
    card.persistent.accept(compared, changes)
    pin.left, pin.value = pin.definition.tries, new


_TABLE: Final[Table] = table(
    (
        Instruction(instructions.SELECT, "Select", _select_request, _select),
        Instruction(instructions.CPS2TER_STATUS, "Status", _status_request, _status),
        Instruction(instructions.READ_BINARY, "ReadBinary", _read_request, _read),
        Instruction(instructions.UPDATE_BINARY, "UpdateBinary", _update_request, _update),
        Instruction(instructions.GET_CHALLENGE, "AskRandom", _challenge_request, _challenge),
        Instruction(instructions.VERIFY, "VerifyCHV", _pin_request, _verify),
        Instruction(instructions.CHANGE_REFERENCE_DATA, "ChangeCHV", _pin_request, _change),
        Instruction(instructions.RESET_RETRY_COUNTER, "UnblockCHV", _pin_request, _unblock),
    )
)
