"""One answer in words, in the light of its command."""

from collections.abc import Callable
from typing import Final

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.sdo import Docp, SdoClass
from bifente.apdu.instructions import (
    BER_TLV,
    CHANGE_REFERENCE_DATA,
    EXTERNAL_AUTHENTICATE,
    GET_CHALLENGE,
    GET_DATA,
    INTERINDUSTRY,
    INTERNAL_AUTHENTICATE,
    PERFORM_SECURITY_OPERATION,
    PSO_SIGNATURE,
    RESET_RETRY_COUNTER,
    SELECT,
    VERIFY,
    Effect,
    codes,
)
from bifente.apdu.status import SW
from bifente.layouts.symmetric import MAC_SIZE, PROVEN_SIZE
from bifente.traces.explanation.names import count
from bifente.traces.explanation.protected import is_protected, tell_protected

Answer = Callable[[CommandAPDU, bytes, SW], str]


def tell(command: CommandAPDU, data: bytes, sw: SW, *, hidden: bool = False) -> str:
    """What the card answered. *hidden* says that the data are masked: then only their number is told."""
    if is_protected(command.cla) and sw.bytes_available is None and sw.exact_le is None and not hidden:
        return tell_protected(command, data, sw)
    if (waiting := sw.bytes_available) is not None:
        more = f"{count(waiting)}{' or more' if waiting == 256 else ''} {'waits' if waiting == 1 else 'wait'}"
        return f"{_data(command, data, sw, hidden)}, {more}" if data else more
    if (exact := sw.exact_le) is not None:
        return f"wrong length, {count(exact)} would be right"
    special = _STATUS.get((command.ins & ~BER_TLV, int(sw)))
    if special is not None:
        return special
    if (left := sw.tries_left) is not None:
        return _tries(command, left)
    if data:
        words = _data(command, data, sw, hidden)
        return words if sw == SW.SUCCESS else f"{words}; {_status(sw)}"
    if sw == SW.SUCCESS:
        if command.class_byte.chaining:
            return "taken"
        if command.ins == VERIFY and command.p1 == 0xFF:
            return "logged out"
        known = INTERINDUSTRY.get(command.ins)
        return "done" if known is None else known.done
    return _status(sw)


def _status(sw: SW) -> str:
    return f"{sw.meaning} ({sw:04X})" if not sw.name.startswith("SW_") else f"status {sw:04X}"


def _tries(command: CommandAPDU, left: int) -> str:
    tries = "no try left" if left == 0 else f"{count(left, 'try').replace('trys', 'tries')} left"
    asked_only = command.ins in _PRESENTING and not command.data
    return f"not verified, {tries}" if asked_only else f"wrong, {tries}"


_PRESENTING: Final = codes(lambda known: known.effect is Effect.PRESENTS_PIN)

_STATUS = {
    (EXTERNAL_AUTHENTICATE, 0x6300): "wrong token (6300)",
    (VERIFY, 0x6983): "blocked (6983)",
    (CHANGE_REFERENCE_DATA, 0x6983): "blocked (6983)",
    (RESET_RETRY_COUNTER, 0x6983): "blocked (6983)",
    (SELECT, 0x6A82): "not there (6A82)",
}


def _data(command: CommandAPDU, data: bytes, sw: SW, hidden: bool) -> str:
    if hidden:
        return f"{count(len(data))}, masked"
    teller = _TOLD.get(command.ins)
    return teller(command, data, sw) if teller is not None else count(len(data))


def _select(command: CommandAPDU, data: bytes, sw: SW) -> str:  # noqa: ARG001
    words = {0x62: "FCP", 0x6F: "FCI", 0x64: "FMD"}.get(data[0], "answer") + f" of {count(len(data))}"
    try:
        outer, _ = tlv.decode_one(data)
        items = {item.tag: item.value for item in outer.children()}
    except ApduError:
        return words
    descriptor = items.get(0x82, b"")
    if descriptor[:1] == b"\x38":
        return f"{words}, a directory"
    return f"{words}, a file of {count(int.from_bytes(items[0x80], 'big'))}" if 0x80 in items else words


def _challenge(command: CommandAPDU, data: bytes, sw: SW) -> str:  # noqa: ARG001
    return f"challenge of {count(len(data))}"


def _signature(command: CommandAPDU, data: bytes, sw: SW) -> str:  # noqa: ARG001
    if command.ins == INTERNAL_AUTHENTICATE and len(data) in (MAC_SIZE, PROVEN_SIZE):
        return f"certificate (MAC) of {count(len(data))}"
    return (
        f"signature of {count(len(data))}"
        if command.ins == INTERNAL_AUTHENTICATE or command.p1 == PSO_SIGNATURE
        else count(len(data))
    )


def _object(command: CommandAPDU, data: bytes, sw: SW) -> str:  # noqa: ARG001
    try:
        sdo, docp = Docp.of_answer(data)
    except ApduError:
        return count(len(data))
    words = []
    if docp.tries_left is not None:
        words.append(f"{docp.tries_left} of {docp.max_tries} tries left")
    if docp.uses_left is not None:
        words.append(f"{docp.uses_left} uses left")
    if docp.size is not None:
        words.append(f"key of {8 * docp.size} bits" if sdo.sdo_class != SdoClass.CHV else f"size {docp.size}")
    return f"{count(len(data))}: {', '.join(words)}" if words else count(len(data))


_TOLD: dict[int, Answer] = {
    SELECT: _select,
    GET_CHALLENGE: _challenge,
    INTERNAL_AUTHENTICATE: _signature,
    PERFORM_SECURITY_OPERATION: _signature,
    GET_DATA | BER_TLV: _object,
}
