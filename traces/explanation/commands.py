"""One command in words, with what is known of the card it is for. Nothing of what is secret is ever said."""

from collections.abc import Callable

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.sdo import SdoClass, SdoId, SdoRequest
from bifente.apdu.instructions import (
    BER_TLV,
    CHANGE_REFERENCE_DATA,
    EXTERNAL_AUTHENTICATE,
    GET_CHALLENGE,
    GET_DATA,
    GET_RESPONSE,
    INTERNAL_AUTHENTICATE,
    MANAGE_CHANNEL,
    MANAGE_SECURITY_ENVIRONMENT,
    PERFORM_SECURITY_OPERATION,
    PSO_NAMES,
    PSO_SIGNATURE,
    READ_BINARY,
    RESET_RETRY_COUNTER,
    SELECT,
    UPDATE_BINARY,
    VERIFY,
    InstructionSet,
    instruction,
    instruction_name,
    is_cps2ter,
)
from bifente.apdu.mutual import ALGORITHMS
from bifente.layouts.cards.cps3 import PUK
from bifente.layouts.names import application_name, at_path, by_sfi, child, file_name, short_name
from bifente.layouts.nodes import DF, EF
from bifente.traces.explanation import filecommands
from bifente.traces.explanation.cardstate import CardState
from bifente.traces.explanation.names import SIDES, TEMPLATES, algorithm_name, count
from bifente.traces.explanation.protected import describe_protected, is_protected

Describe = Callable[[CommandAPDU, CardState], str]


def describe(command: CommandAPDU, state: CardState) -> str:
    """What *command* asks for."""
    known = _DESCRIBED.get(command.ins, _generic)
    if is_protected(command.cla) and command.ins != GET_RESPONSE:
        known = _protected
    if command.cla >= 0xA0 and not _is_interindustry(command):
        known = _generic
    words = known(command, state)
    class_byte = command.class_byte
    if class_byte.chaining:
        words += ", a block of several"
    elif state.chained:
        words += f", the last block of {count(state.chained + len(command.data))}"
    if class_byte.channel:
        words += f", on channel {class_byte.channel}"
    if known is not _protected and class_byte.secure_messaging.value != "none":
        words += ", under secure messaging"
    return words


def target_of_path(command: CommandAPDU, state: CardState) -> DF | EF | None:
    """What SELECT by file identifier or path means, where the card is a known one."""
    layout, here = state.layout, state.directory
    if layout is None or here is None:
        return None
    if command.p1 == 0x08:
        return at_path(layout, layout.mf, command.data)
    if command.p1 == 0x09:
        return at_path(layout, here, command.data)
    if len(command.data) != 2:
        return None
    fid = int.from_bytes(command.data, "big")
    if fid == layout.mf.fid:
        return layout.mf
    node = child(here, fid)
    if command.p1 == 0x02:
        return node if isinstance(node, EF) else None
    return node


def pin_name(reference: int) -> str:
    """``PIN 01``, ``PUK 02``."""
    return f"{'PUK' if reference == PUK else 'PIN'} {reference:02X}"


def sdo_name(sdo: SdoId) -> str:
    """A security data object in words."""
    names = {
        SdoClass.CHV: pin_name(sdo.reference),
        SdoClass.KEYSET: f"key set {sdo.reference:02X}",
        SdoClass.RSA_PRIVATE: f"private key {sdo.reference:02X}",
        SdoClass.RSA_PUBLIC: f"public key {sdo.reference:02X}",
        SdoClass.SECURITY_ENVIRONMENT: f"SE#{sdo.reference}",
    }
    return {int(kind): name for kind, name in names.items()}.get(sdo.sdo_class) or sdo.explain()


def read_target(command: CommandAPDU, state: CardState) -> tuple[EF | None, int | None, int]:
    """File, short identifier (None without) and offset of READ or UPDATE BINARY."""
    if command.p1 & 0x80:
        sfi = command.p1 & 0x1F
        return (None if state.directory is None else by_sfi(state.directory, sfi)), sfi, command.p2
    return state.file, None, command.p1 << 8 | command.p2


def _protected(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    return describe_protected(command)


def _generic(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    words = f"{instruction_name(command.cla, command.ins)} {command.p1:02X} {command.p2:02X}"
    return f"{words} with {count(len(command.data))}" if command.data else words


def _select(command: CommandAPDU, state: CardState) -> str:
    how = {
        0x00: "SELECT file",
        0x01: "SELECT child DF",
        0x02: "SELECT EF",
        0x03: "SELECT parent DF",
        0x04: "SELECT by DF name",
        0x08: "SELECT path from MF",
        0x09: "SELECT path",
    }.get(command.p1)
    if how is None:
        return _generic(command, state)
    ending = {0x02: ", the next one", 0x01: ", the last one", 0x03: ", the one before"}.get(
        command.p2 & 0x03, ""
    )
    if command.p2 & 0x0C == 0x0C:
        ending += ", nothing asked back"
    if command.p1 == 0x04 and not command.data:
        return f"{how}, without a name{ending}"
    if command.p1 == 0x04:
        known = application_name(command.data)
        if known is None:
            meant = f"{command.data.hex().upper()}, an application not known here"
        else:
            meant = known if known.startswith("MF ") else f"application {known}"
        return f"{how}: {meant}{ending}"
    if not command.data:
        return f"{how if command.p1 == 0x03 else 'SELECT MF'}{ending}"
    text = "/".join(command.data[at : at + 2].hex().upper() for at in range(0, len(command.data), 2))
    node = target_of_path(command, state)
    fallback = file_name(int.from_bytes(command.data[-2:], "big")) if state.layout is None else None
    name = fallback if node is None else short_name(node)
    return f"{how} {text}{f' ({name})' if name else ''}{ending}"


def _binary(command: CommandAPDU, state: CardState) -> str:
    writes = command.ins & ~BER_TLV == UPDATE_BINARY
    words = "UPDATE BINARY" if writes else "READ BINARY"
    if command.ins & BER_TLV:
        return _generic(command, state)
    file, sfi, offset = read_target(command, state)
    name = file.name if file is not None else (state.file_name if sfi is None else None)
    words += f"{'' if sfi is None else f' SFI {sfi:02X}'} offset {offset}{f' ({name})' if name else ''}"
    if writes:
        return f"{words}, {count(len(command.data))}"
    return words if command.ne in (None, 256, 65536) else f"{words}, {count(command.ne or 0)}"


def _digits(size: int) -> str:
    return f"({count(size, 'digit')}, masked)"


def _verify(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    name = pin_name(command.p2)
    if command.p1 == 0xFF:
        return f"VERIFY: log out of {name}" if command.p2 else "VERIFY: log out"
    if not command.data:
        return f"VERIFY: state of {name}"
    return f"VERIFY {name} {_digits(len(command.data))}"


def _change(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    what = "new value" if command.p1 == 0x01 else "old and new value"
    return f"CHANGE {pin_name(command.p2)}, {what} {_digits(len(command.data))}"


def _unblock(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    what = {0x00: "PUK and new value", 0x01: "PUK", 0x02: "new value"}.get(command.p1)
    words = f"UNBLOCK {pin_name(command.p2)}"
    return f"{words}, {what} {_digits(len(command.data))}" if what and command.data else words


def _mse(command: CommandAPDU, state: CardState) -> str:
    template = TEMPLATES.get(command.p2)
    if command.p1 == 0xF3:
        return f"MSE RESTORE SE#{command.p2}"
    if command.p1 & 0x0F != 0x01 or template is None:
        return _generic(command, state)
    side = SIDES.get((command.p2, command.p1 & 0xC0), "")
    try:
        values = [_reference(item.tag, item.value) for item in tlv.decode(command.data)]
    except ApduError:
        values = [f"{count(len(command.data))} that are not data objects"]
    # The key comes first: it is what a reader looks for.
    ordered = sorted(values, key=lambda text: not text.startswith("key"))
    return f"MSE SET {template}{f' {side}' if side else ''}: {', '.join(ordered) or 'nothing'}"


def _reference(tag: int, value: bytes) -> str:
    if tag == 0x80 and len(value) == 1:
        return f"algorithm {algorithm_name(value[0])}"
    if tag == 0x84:
        return f"key {value.hex().upper()}"
    if tag == 0x83:
        if len(value) == 8:
            return f"key of the authority {_printable(value)}"
        if len(value) == 12:
            return f"key of the holder {value.hex().upper()}"
        return f"key {value.hex().upper()}"
    if tag == 0x95:
        return f"usage {value.hex().upper()}"
    return f"{tag:02X} {value.hex().upper()}"


def _printable(value: bytes) -> str:
    text = value.decode("latin-1")
    return text if text.isascii() and text.isprintable() else value.hex().upper()


def with_key(state: CardState, template: int, side: int) -> str:
    """`` with key 83``, where the security environment names one."""
    key = state.key(template, side)
    return "" if key is None else f" with key {key:02X}"


def _pso(command: CommandAPDU, state: CardState) -> str:
    operation = command.p1 << 8 | command.p2
    name = PSO_NAMES.get(operation)
    if name is None:
        return _generic(command, state)
    words = name
    if name.endswith("SIGNATURE") and command.p1 == PSO_SIGNATURE:
        words += with_key(state, 0xB6, 0x40)
    elif name.endswith("DECIPHER"):
        words += with_key(state, 0xB8, 0x40)
    return f"{words}, {count(len(command.data))}" if command.data else words


def _challenge(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    return "GET CHALLENGE" if command.ne is None else f"GET CHALLENGE, {count(command.ne)}"


def _internal(command: CommandAPDU, state: CardState) -> str:
    return f"INTERNAL AUTHENTICATE{_keyed(command, state, 0x40)}, {count(len(command.data))}"


def _external(command: CommandAPDU, state: CardState) -> str:
    if command.data and len(command.data) in _TOKENS:
        return f"MUTUAL AUTHENTICATE, token of {count(len(command.data))}"
    return f"EXTERNAL AUTHENTICATE{_keyed(command, state, 0x80)}, {count(len(command.data))}"


def _keyed(command: CommandAPDU, state: CardState, side: int) -> str:
    """With which key: that of P2 on a card that names its keys so, else that of the security environment."""
    for key in state.layout.mf.secrets if state.layout is not None and command.p2 else ():
        if key.reference == command.p2:
            return f" with key {key.reference:02X} ({key.name})"
    return with_key(state, 0xA4, side)


_TOKENS = frozenset(algorithm.token_size for algorithm in ALGORITHMS.values())
"""Nothing else that is said to EXTERNAL AUTHENTICATE has as many bytes."""

_SDO_PARTS = {0xA0: "DOCP", 0x7F41: "value", 0x7F48: "private part", 0x7F49: "public part", 0x7B: "content"}


def _get_data(command: CommandAPDU, state: CardState) -> str:
    reference = command.p1 << 8 | command.p2
    if reference != 0x3FFF:
        return f"GET DATA object {reference:04X}"
    try:
        request = SdoRequest.parse(command.data)
    except ApduError:
        return _generic(command, state)
    parts = " and ".join(_SDO_PARTS.get(tag) or f"{tag:02X}" for tag in request.wanted)
    return f"GET DATA SDO {sdo_name(request.sdo)} {parts}"


def _get_response(command: CommandAPDU, state: CardState) -> str:
    asked = "all there is" if command.ne in (None, 256) else count(command.ne or 0)
    if state.waiting is None:
        return f"GET RESPONSE, {asked}"
    meant = CommandAPDU.parse(state.waiting.command)
    if meant.ins == GET_RESPONSE:  # the trace begins in the middle: nobody heard what it continues
        return f"GET RESPONSE, {asked}"
    return f"GET RESPONSE, {asked}, of {state.waiting.words or describe(meant, state)}"


def _channel(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    return f"MANAGE CHANNEL: {'close' if command.p1 & 0x80 else 'open'} channel {command.p2 or '(any)'}"


def _is_interindustry(command: CommandAPDU) -> bool:
    """The code means what ISO/IEC 7816-4 says, in this class."""
    if is_cps2ter(command.cla):
        return False
    known = instruction(command.cla, command.ins)
    return known is None or known.instruction_set is InstructionSet.INTERINDUSTRY


_DESCRIBED: dict[int, Describe] = {
    **filecommands.DESCRIBED,
    VERIFY: _verify,
    VERIFY | BER_TLV: _verify,
    MANAGE_SECURITY_ENVIRONMENT: _mse,
    CHANGE_REFERENCE_DATA: _change,
    CHANGE_REFERENCE_DATA | BER_TLV: _change,
    PERFORM_SECURITY_OPERATION: _pso,
    RESET_RETRY_COUNTER: _unblock,
    RESET_RETRY_COUNTER | BER_TLV: _unblock,
    MANAGE_CHANNEL: _channel,
    EXTERNAL_AUTHENTICATE: _external,
    GET_CHALLENGE: _challenge,
    INTERNAL_AUTHENTICATE: _internal,
    SELECT: _select,
    READ_BINARY: _binary,
    READ_BINARY | BER_TLV: _binary,
    GET_RESPONSE: _get_response,
    GET_DATA: _get_data,
    GET_DATA | BER_TLV: _get_data,
    UPDATE_BINARY: _binary,
    UPDATE_BINARY | BER_TLV: _binary,
}
"""What can be told of a command besides its name; of any other its name, P1, P2 and the length of its data are told."""
