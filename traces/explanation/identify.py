"""What a string of bytes is: a command, an answer, an ATR, a data object; and what it says."""

from collections.abc import Callable, Iterator

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.fcp import Fcp
from bifente.apdu.files.sdo import Docp, SdoRequest
from bifente.apdu.instructions import INTERINDUSTRY, InstructionSet, instruction, instruction_name, is_cps2ter
from bifente.apdu.reset.atr import ReadAtr
from bifente.apdu.secrecy import SECRET_TAGS, secret_spans, shown_command
from bifente.apdu.status import SW
from bifente.layouts.names import card_of_atr
from bifente.traces.explanation.cardstate import CardState
from bifente.traces.explanation.commands import describe, sdo_name
from bifente.traces.explanation.names import TAGS, count

_LONGEST_VALUE = 32
"""Longer values of data objects are only counted."""
_NOT_SHOWN = ", not shown"


def explain_bytes(data: bytes) -> list[str]:
    """What *data* is and says, one line per item; never empty. PINs and key values are not shown.

    Recognised, in this order: an ATR, also one in which something is wrong (no card takes a class 3B or 3F: ISO/IEC
    7816-4:2020 §5.4.1); a status word alone; a command of class 00, of four bytes or well-formed with a
    known instruction (its 00 would be padding before a data object); an answer with data objects and a status word; file control
    parameters, a security data object or its request, a CV certificate, other data objects; a command APDU with a known
    instruction; any other answer; any other command APDU.
    """
    return _identify(data)[1]


def shown_bytes(data: bytes) -> str:
    """*data* in hexadecimal, with ``**`` for what :func:`explain_bytes` does not show either."""
    attempt, lines = _identify(data)
    if attempt in (_usual_command, _known_command, _any_command, None):
        return shown_command(data)
    return "**" * len(data) if any(line.endswith(_NOT_SHOWN) for line in lines) else data.hex().upper()


def _identify(data: bytes) -> tuple[Callable[[bytes], list[str]] | None, list[str]]:
    """As what *data* was recognised, and its lines."""
    for attempt in (
        _atr,
        _status_word,
        _usual_command,
        _answer_with_objects,
        _data_objects,
        _known_command,
        _answer,
        _any_command,
        _any_atr,
    ):
        lines = attempt(data)
        if lines:
            return attempt, lines
    return None, [f"{count(len(data))}: no command, answer, ATR or data object"]


_LONGEST_ATR = 36
"""The longest string that is taken for an ATR: PC/SC has room for that many bytes (SCARD_READERSTATE)."""
_DOUBTFUL_ATR = 3
"""Up to this length a string that begins like an ATR and is none may be an answer of one byte."""


def _atr(data: bytes) -> list[str]:
    if len(data) > _DOUBTFUL_ATR:
        return _any_atr(data)
    lines = _any_atr(data)
    return lines if lines and not any("remark: " in line for line in lines) else []


def _any_atr(data: bytes) -> list[str]:
    """An ATR, whatever is wrong in it."""
    if data[:1] not in (b"\x3b", b"\x3f") or not 2 <= len(data) <= _LONGEST_ATR:
        return []
    read = ReadAtr.of(data)
    card = card_of_atr(data)
    return [f"ATR{f' of the {card}' if card else ''}", *_indented(read.explain())]


def _data_objects(data: bytes) -> list[str]:
    if data[:1] in (b"\x62", b"\x6f"):
        try:
            return ["file control information", *_indented(Fcp.parse(data).explain())]
        except ApduError:
            pass
    try:
        if data[:1] == b"\x4d":
            request = SdoRequest.parse(data)
            wanted = ", ".join(f"{tag:02X}" for tag in request.wanted)
            return [f"request for security data object {sdo_name(request.sdo)}: {wanted}"]
        if data[:1] == b"\x70":
            sdo, docp = Docp.of_answer(data)
            return [f"control parameters of security data object {sdo_name(sdo)}", *_indented(docp.explain())]
    except ApduError:
        pass
    return _tree(data) if _is_known_object(data) else []


def _is_known_object(data: bytes) -> bool:
    """Whole data objects, the first of which has a tag that says something."""
    try:
        items = tlv.decode(data, padding=True)
    except ApduError:
        return False
    return bool(items) and (items[0].tag in TAGS or items[0].tag >> 16 == 0xBF)


def _tree(data: bytes) -> list[str]:
    try:
        items = tlv.decode(data, padding=True)
    except ApduError:
        return []
    return [line for item in items for line in _object_lines(item, 0)] or []


def _object_lines(item: tlv.Tlv, depth: int) -> Iterator[str]:
    name = TAGS.get(item.tag)
    head = f"{'  ' * depth}{item.tag:02X}{f' {name}' if name else ''}"
    if item.tag in SECRET_TAGS:
        yield f"{head}: {count(len(item.value))}{_NOT_SHOWN}"
        return
    if item.constructed and depth < tlv.MAX_DEPTH:
        try:
            children = item.children()
        except ApduError:
            pass
        else:
            yield f"{head}: {count(len(item.value))}"
            for inner in children:
                yield from _object_lines(inner, depth + 1)
            return
    yield f"{head}: {_value(item.value)}"


def _value(value: bytes) -> str:
    if not value:
        return "empty"
    if len(value) > _LONGEST_VALUE:
        return count(len(value))
    text = value.decode("latin-1")
    readable = len(value) > 2 and text.isprintable() and any(letter.isalnum() for letter in text)
    return f'{value.hex().upper()} "{text}"' if readable else value.hex().upper()


def _usual_command(data: bytes) -> list[str]:
    if data[:1] != b"\0":
        return []
    try:
        CommandAPDU.parse(data)
    except ApduError:
        return []
    return _any_command(data) if len(data) == 4 else _known_command(data)


def _known_command(data: bytes) -> list[str]:
    if len(data) < 4:
        return []
    interindustry = data[0] < 0x20 or 0x40 <= data[0] < 0x80
    return _any_command(data) if (interindustry or is_cps2ter(data[0])) and _named(data[0], data[1]) else []


def _named(cla: int, ins: int) -> bool:
    """The table has a name for this code, in the set that the class means."""
    known = instruction(cla, ins)
    cps2ter = known is not None and known.instruction_set is InstructionSet.CPS2TER
    return known is not None and known.name != "" and cps2ter is is_cps2ter(cla)


def _any_command(data: bytes) -> list[str]:
    if len(data) < 4 or data[0] == 0xFF:
        return []
    if any(start < 2 for start, _ in secret_spans(data)):
        return [f"{count(len(data))} that may be a PIN, masked"]
    try:
        command = CommandAPDU.parse(data)
    except ApduError as error:
        known = INTERINDUSTRY.get(data[1])
        if len(data) < 5 or known is None or not known.name:
            return []
        return [f"command {shown_command(data)}", f"  {known.name}, but {error}"]
    if any(start < 5 for start, _ in secret_spans(data)):
        return [f"command {shown_command(data)}", f"  {instruction_name(command.cla, command.ins)}, masked"]
    lines = [f"command APDU, case {command.case.value}", f"  {describe(command, CardState())}"]
    lines.append(f"  CLA {command.cla:02X}, INS {command.ins:02X}, P1 {command.p1:02X}, P2 {command.p2:02X}")
    if command.data:
        lines.append(f"  Lc {len(command.data)}: {_shown_data(command)}")
    if command.ne is not None:
        lines.append(f"  Le: up to {count(command.ne)}")
    return lines


def _shown_data(command: CommandAPDU) -> str:
    if secret_spans(command.raw):
        return "masked"
    return command.data.hex().upper() if len(command.data) <= _LONGEST_VALUE else count(len(command.data))


def _status_word(data: bytes) -> list[str]:
    return _answer(data) if len(data) == 2 else []


def _answer_with_objects(data: bytes) -> list[str]:
    return _answer(data) if len(data) > 4 and _data_objects(data[:-2]) else []


def _answer(data: bytes) -> list[str]:
    if len(data) < 2:
        return []
    sw = SW(int.from_bytes(data[-2:], "big"))
    named = not sw.name.startswith("SW_") or sw.tries_left is not None
    if not named and sw.bytes_available is None and sw.exact_le is None and len(data) > 2:
        return []
    if not 0x6100 <= sw < 0x7000 and not 0x9000 <= sw < 0xA000:
        return []
    if len(data) == 2:
        return [f"status word {sw}"]
    body = data[:-2]
    inner = _data_objects(body) or _tree(body) or [_value(body)]
    return [f"answer of {count(len(body))} with status word {sw}", *_indented(inner)]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
