"""A command or an answer under secure messaging in words: its objects, whose content only who has the session keys can read."""

from bifente.apdu.command import CommandAPDU
from bifente.apdu.instructions import PSO_NAMES, instruction_name
from bifente.apdu.protectedobjects import MessagingError, is_protected, read_objects
from bifente.apdu.status import SW
from bifente.traces.explanation.names import count

__all__ = ["describe_protected", "is_protected", "tell_protected"]


def describe_protected(command: CommandAPDU) -> str:
    """What is asked for, as far as the header tells, and the objects of the data field."""
    operation = PSO_NAMES.get(command.p1 << 8 | command.p2) if command.ins & 0xFE == 0x2A else None
    words = operation or f"{instruction_name(command.cla, command.ins)} {command.p1:02X} {command.p2:02X}"
    odd = bool(command.ins & 1)
    try:
        objects = read_objects(command.data, odd=odd, answer=False)
    except MessagingError as error:
        return f"{words}, protected wrongly: {error}"
    parts = [_cryptogram(objects.cryptogram, odd=odd)] if objects.cryptogram is not None else []
    if objects.le is not None:
        parts.append(f"Le {objects.le.hex().upper()} (97)")
    return f"{words}, protected: {', '.join([*parts, _CHECKSUM])}"


def tell_protected(command: CommandAPDU, data: bytes, sw: SW) -> str:
    """What was answered to a protected *command*: the objects, and the status word under the checksum."""
    if not data:
        return f"not protected: {sw.meaning} ({sw:04X}), and the session is over"
    odd = bool(command.ins & 1)
    try:
        objects = read_objects(data, odd=odd, answer=True)
    except MessagingError:
        return f"{count(len(data))}, part of a protected answer"
    parts = [_cryptogram(objects.cryptogram, odd=odd)] if objects.cryptogram is not None else []
    status = SW(int.from_bytes(objects.status or b""))
    parts.append(f"status {status:04X} (99), {status.meaning}")
    return f"protected: {', '.join([*parts, _CHECKSUM])}"


_CHECKSUM = "checksum (8E)"


def _cryptogram(cryptogram: bytes, *, odd: bool) -> str:
    return f"{count(len(cryptogram))} enciphered ({'85' if odd else '87'})"
