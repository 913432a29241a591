"""Commands on records, on the life of files and on key pairs, in words."""

from collections.abc import Callable

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.fcp import Fcp
from bifente.apdu.instructions import BER_TLV, instruction_name
from bifente.layouts.names import by_sfi, child, short_name
from bifente.traces.explanation.cardstate import CardState
from bifente.traces.explanation.names import count

_WHICH = {
    0: "first record",
    1: "last record",
    2: "next record",
    3: "previous record",
    4: "record {}",
    5: "records from {} on",
    6: "records from the last back to {}",
}
_SEARCHES = {4: "forward", 5: "backward", 6: "enhanced"}
_CHANGES = {4: "replaced", 5: "by AND", 6: "by OR", 7: "by XOR"}


def _file(command: CommandAPDU, state: CardState) -> str:
    """The file that the five high bits of P2 name, or the current one, in brackets."""
    sfi = command.p2 >> 3
    if not sfi:
        name = state.file.name if state.file is not None else state.file_name
        return f" ({name})" if name else ""
    node = None if state.directory is None else by_sfi(state.directory, sfi)
    return f" SFI {sfi:02X}{'' if node is None else f' ({node.name})'}"


def _number(p1: int) -> str:
    return str(p1) if p1 else "the current one"


def record(command: CommandAPDU, state: CardState) -> str:
    """READ, UPDATE, WRITE or ERASE RECORD."""
    name, kind = instruction_name(command.cla, command.ins), command.p2 & 0x07
    part = command.ins == instructions.UPDATE_RECORD | BER_TLV
    which = "record {}, a part" if part else _WHICH.get(kind, "records {}")
    words = which.format(_number(command.p1))
    if kind < 4 and command.p1 and not part:
        words += f" with identifier {command.p1:02X}"
    if part:
        words += f" {_CHANGES.get(kind, 'changed')}"
    size = f", {count(len(command.data))}" if command.data and not command.ins & BER_TLV else ""
    return f"{name} {words}{_file(command, state)}{size}"


def append(command: CommandAPDU, state: CardState) -> str:
    """APPEND RECORD."""
    return f"APPEND RECORD{_file(command, state)}, {count(len(command.data))}"


def search(command: CommandAPDU, state: CardState) -> str:
    """SEARCH RECORD."""
    kind = _SEARCHES.get(command.p2 & 0x07, f"by method {command.p2 & 0x07}")
    return f"SEARCH RECORD {kind} from {_number(command.p1)}{_file(command, state)}"


def life(command: CommandAPDU, state: CardState) -> str:
    """ACTIVATE, DEACTIVATE, TERMINATE or DELETE: the current file, or one of the current directory."""
    name = instruction_name(command.cla, command.ins)
    if command.ins == instructions.TERMINATE_CARD_USAGE:
        return name
    if len(command.data) != 2:
        return f"{name}: the current one"
    fid = int.from_bytes(command.data, "big")
    node = None if state.directory is None else child(state.directory, fid)
    return f"{name} {fid:04X}{'' if node is None else f' ({short_name(node)})'}"


def create(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    """CREATE FILE, with what its parameters say."""
    try:
        fcp = Fcp.parse(command.data)
    except ApduError:
        return f"CREATE FILE with {count(len(command.data))}"
    kind = "a file" if fcp.descriptor is None else fcp.descriptor.explain()
    fid = "" if fcp.fid is None else f" {fcp.fid:04X}"
    size = "" if fcp.size is None else f", {count(fcp.size)}"
    return f"CREATE FILE{fid}: {kind}{size}"


def select_data(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    """SELECT DATA, an occurrence of a tag."""
    try:
        tag = tlv.find(command.data, 0x60, 0x5C)
    except ApduError:
        tag = None
    return f"SELECT DATA object {'?' if tag is None else tag.hex().upper()}, occurrence {command.p1}"


def generate(command: CommandAPDU, state: CardState) -> str:  # noqa: ARG001
    """GENERATE ASYMMETRIC KEY PAIR, or the public key of one that is there."""
    if command.p1 & 0x01:
        return "GENERATE ASYMMETRIC KEY PAIR: tell the public key"
    return "GENERATE ASYMMETRIC KEY PAIR"


DESCRIBED: dict[int, Callable[[CommandAPDU, CardState], str]] = {
    instructions.READ_RECORD: record,
    instructions.READ_RECORD | BER_TLV: record,
    instructions.UPDATE_RECORD: record,
    instructions.UPDATE_RECORD | BER_TLV: record,
    instructions.WRITE_RECORD: record,
    instructions.ERASE_RECORD: record,
    instructions.APPEND_RECORD: append,
    instructions.SEARCH_RECORD: search,
    instructions.ACTIVATE_FILE: life,
    instructions.DEACTIVATE_FILE: life,
    instructions.DELETE_FILE: life,
    instructions.TERMINATE_EF: life,
    instructions.TERMINATE_DF: life,
    instructions.TERMINATE_CARD_USAGE: life,
    instructions.CREATE_FILE: create,
    instructions.SELECT_DATA: select_data,
    instructions.GENERATE_KEY_PAIR: generate,
    instructions.GENERATE_KEY_PAIR | BER_TLV: generate,
}
