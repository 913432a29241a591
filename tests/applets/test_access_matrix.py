"""The matrix of access: each command on each file, key and object, in each security state, as the layout promises it.

Every cell is tried for real, on a card brought there by a true dialogue. What is forbidden answers 6982, changes nothing
and says nothing; no answer of any cell holds a byte sequence of a private key, a symmetric key, a PIN or a PUK.
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from cardstates import (
    PIN,
    PUK,
    WRONG,
    Spoken,
    card_records,
    fresh,
    protected,
    recognised,
    secrets_of,
    verify,
)

from bifente.apdu import CommandAPDU, tlv
from bifente.apdu import instructions as codes
from bifente.apdu.files.security import Operation
from bifente.applets.families import family_of
from bifente.layouts import symmetric
from bifente.layouts.faces import contactless
from bifente.layouts.nodes import DF, EF, Crt, DataObject, KeyObject, KeySet, Layout, PinObject, SecretKey
from bifente.layouts.promises import Promise, SecurityState, is_apart, promises, states
from bifente.layouts.registry import kinds
from bifente.layouts.structures import Records
from bifente.terminal import TerminalError

FORBIDDEN = b"\x69\x82"
CARDS = [*((kind, False) for kind in kinds()), ("cps3", True)]
FREE = {
    codes.SELECT, codes.MANAGE_SECURITY_ENVIRONMENT, codes.GET_CHALLENGE, codes.MANAGE_CHANNEL,
    codes.GET_RESPONSE, codes.SELECT_DATA, codes.ECHO,
}  # fmt: skip
"""Instructions that no rule of a layout speaks of: what they choose gives nothing by itself."""
BY_OTHERS = {
    "cps3": {codes.GET_DATA | 1},
    "cps4": {codes.GET_DATA | 1},
    "vitale2": {codes.GET_DATA | 1, codes.PUT_DATA | 1, codes.VERIFY},
    "vitale1": {codes.VERIFY},
}
"""Instructions of a kind that mean no object of its layout: GET DATA of what is announced of PINs and keys, which is free and
never their value; the issuer's update, for which test_kiosk.py is; VERIFY that only logs out."""
RECORDS_FIRST = 0x01, 0x04


def layout_of(kind: str, face: bool) -> Layout:
    layout = family_of(kind).layout
    return contactless(layout) if face else layout


def made(kind: str) -> dict[str, bytes]:
    records = card_records(family_of(kind).example)
    if kind == "isotest":  # as if it had made its key
        records["key/3F00/E200/81"] = card_records("gp")["key/3F00/0001/81"]
    return records


def brought(kind: str, face: bool, state: SecurityState) -> Spoken:
    """A card of that kind in that state."""
    spoken = fresh(made(kind), contactless=face)
    if state is SecurityState.WRONG_PIN:
        assert verify(spoken, 1, WRONG)[0] == 0x63
    elif state is SecurityState.PIN:
        assert verify(spoken, 1, PIN) == b"\x90\x00"
    elif state is SecurityState.PUK:
        assert verify(spoken, 2, PUK) == b"\x90\x00"
    elif state is SecurityState.RECOGNISED:
        professional = family_of(kind).layout.pins
        recognised(spoken, fresh(card_records("vitale-single" if professional else "gp")))
    elif state is SecurityState.MESSAGING:
        protected(spoken)
    return spoken


def offset(*, written: bool) -> bytes:
    return bytes.fromhex("540100530100" if written else "540100")


def record_of(node: EF | DF) -> bytes:
    structure = node.structure if isinstance(node, EF) else None
    if not isinstance(structure, Records):
        return b"x"
    tagged = "TLV" in structure.form.name
    return b"\x41\x02xy" if tagged else b"x" * structure.size


def commands(node: EF | DF, ins: int) -> tuple[int, int, bytes, int | None]:
    """P1, P2, data and Le of an instruction on the current file."""
    new = tlv.encode(0x62, bytes.fromhex("8201018302 7F77 8001 10".replace(" ", "")))
    told: dict[int, tuple[int, int, bytes, int | None]] = {
        codes.READ_BINARY: (0, 0, b"", 256),
        codes.READ_BINARY | 1: (0, 0, offset(written=False), 256),
        codes.SEARCH_BINARY: (0, 0, b"\0", 256),
        codes.SEARCH_BINARY | 1: (0, 0, bytes.fromhex("540100530100"), 256),
        codes.UPDATE_BINARY: (0, 0, b"\0", None),
        codes.UPDATE_BINARY | 1: (0, 0, offset(written=True), None),
        codes.WRITE_BINARY: (0, 0, b"\0", None),
        codes.WRITE_BINARY | 1: (0, 0, offset(written=True), None),
        codes.ERASE_BINARY: (0, 0, b"", None),
        codes.ERASE_BINARY | 1: (0, 0, b"", None),
        codes.READ_RECORD: (*RECORDS_FIRST, b"", 256),
        codes.READ_RECORD | 1: (*RECORDS_FIRST, offset(written=False), 256),
        codes.SEARCH_RECORD: (*RECORDS_FIRST, b"\0", 256),
        codes.UPDATE_RECORD: (*RECORDS_FIRST, record_of(node), None),
        codes.UPDATE_RECORD | 1: (*RECORDS_FIRST, offset(written=True), None),
        codes.ERASE_RECORD: (*RECORDS_FIRST, b"", None),
        codes.WRITE_RECORD: (*RECORDS_FIRST, record_of(node), None),
        codes.APPEND_RECORD: (0, 0, record_of(node), None),
        codes.CREATE_FILE: (0, 0, new, None),
    }
    return told.get(ins, (0, 0, b"", None))


def select(spoken: Spoken, path: str) -> bytes:
    data = bytes.fromhex(path.replace("/", ""))
    if len(data) == 2:
        return spoken.send(CommandAPDU.build(0, codes.SELECT, 0x00, 0x0C, data))
    return spoken.send(CommandAPDU.build(0, codes.SELECT, 0x08, 0x0C, data[2:]))


def try_apart(spoken: Spoken, promise: Promise) -> bytes:
    """A file of the CPS2ter, by its own commands in class A0."""
    if spoken.card.layout.kind == "cps4":
        spoken.card.transmit(bytes.fromhex("00A4040C088025000001FF0002"))
    for part in promise.path.split("/"):
        answer = spoken.card.transmit(CommandAPDU.build(0xA0, 0xA4, 0, 0, bytes.fromhex(part), 256).raw)
    if answer[-2:] != b"\x90\x00":
        return answer
    data, ne = (b"", 1) if promise.operation is Operation.READ else (b"\0", None)
    return spoken.card.transmit(CommandAPDU.build(0xA0, promise.instruction, 0, 0, data, ne).raw)


def named(spoken: Spoken, promise: Promise) -> Iterator[tuple[int, int, int, bytes, int | None]]:
    """What MSE SET needs to know before a key is used, and the use of it."""
    key = promise.subject
    assert isinstance(key, KeyObject | SecretKey | KeySet)
    if isinstance(key, KeySet):
        algorithm = bytes((min(key.algorithms),))
        yield 0x22, 0xC1, 0xA4, tlv.encode(0x80, algorithm) + tlv.encode(0x83, bytes((key.reference,))), None
        yield 0x84, 0, 0, b"", 8
        yield 0x82, 0, 0, bytes(72), 256
        return
    if isinstance(key, SecretKey):
        if not key.mother:
            yield promise.instruction, 0, key.reference, bytes(16), 256
            return
        chr_vitale = b"\0\0" + bytes.fromhex("8025000001222222229F")
        p1 = 0x41 if promise.operation is Operation.INTERNAL_AUTHENTICATE else 0x81
        yield (
            0x22,
            p1,
            0xA4,
            tlv.encode(0x80, bytes((symmetric.ALGORITHM,))) + tlv.encode(0x83, chr_vitale),
            None,
        )
        yield promise.instruction, 0, 0, bytes(symmetric.PROOF_SIZE if p1 == 0x81 else 16), 256
        return
    crt = {
        Operation.COMPUTE_SIGNATURE: Crt.SIGNATURE,
        Operation.DECIPHER: Crt.CONFIDENTIALITY,
    }.get(promise.operation, Crt.AUTHENTICATION)
    algorithm = max(key.algorithms[crt])
    reference = tlv.encode(0x84, bytes((key.reference,)))
    if spoken.card.layout.kind == "cps4" and crt is Crt.SIGNATURE:
        yield 0x22, 0x81, crt.tag, tlv.encode(0x91, bytes((algorithm, key.reference))), None
    elif spoken.card.layout.kind == "cps4" and crt is Crt.CONFIDENTIALITY:
        yield 0x22, 0x41, crt.tag, tlv.encode(0x83, bytes((key.reference & 0x7F,))), None
    else:
        yield 0x22, 0x41, crt.tag, tlv.encode(0x80, bytes((algorithm,))) + reference, None
    if promise.instruction == codes.GENERATE_KEY_PAIR | 1:
        yield promise.instruction, 0, 0, tlv.encode(0x70, bytes.fromhex("BF9001037F4900")), 512
    elif promise.operation is Operation.GENERATE:
        yield promise.instruction, 0x80, 0, b"", 512
    elif promise.operation is Operation.COMPUTE_SIGNATURE:
        yield promise.instruction, 0x9E, 0x9A, bytes(32), 256
    elif promise.operation is Operation.DECIPHER:
        yield promise.instruction, 0x80, 0x86, b"\x81" + b"\1" * 200, 256
    else:
        yield promise.instruction, 0, 0, bytes(16), 256


def attempt(spoken: Spoken, promise: Promise) -> bytes:
    """The answer to the command of a cell; the file, or the directory of the object, has been selected."""
    subject = promise.subject
    if isinstance(subject, EF | DF):
        p1, p2, data, ne = commands(subject, promise.instruction)
        if promise.operation is Operation.CREATE_DF:
            data = tlv.encode(0x62, bytes.fromhex("82013883027F78"))
        return spoken.send(CommandAPDU.build(0, promise.instruction, p1, p2, data, ne))
    if isinstance(subject, PinObject):
        right = PIN if subject.use == "pin" else PUK
        data = {codes.VERIFY: right, codes.CHANGE_REFERENCE_DATA: right + right}.get(promise.instruction, b"")
        p1 = 0x03 if promise.instruction == codes.RESET_RETRY_COUNTER else 0
        return spoken.send(CommandAPDU.build(0, promise.instruction, p1, subject.reference, data))
    if isinstance(subject, DataObject):
        tag, odd = subject.reference, promise.instruction & 1
        tag_bytes = tag.to_bytes(2, "big").lstrip(b"\0")
        if promise.operation is Operation.GET:
            data, ne = (tlv.encode(0x5C, tag_bytes) if odd else b"", 1000)
        else:
            data, ne = (tlv.encode(tag, b"1") if odd else b"1", None)
        p1, p2 = (0x3F, 0xFF) if odd else (tag >> 8, tag & 0xFF)
        return spoken.send(CommandAPDU.build(0, promise.instruction, p1, p2, data, ne))
    answer = b""
    for ins, p1, p2, data, ne in named(spoken, promise):
        answer = spoken.send(CommandAPDU.build(0, ins, p1, p2, data, ne))
        if ins == 0x22 and answer != b"\x90\x00":
            return answer
    return answer


PLAIN = (
    codes.READ_BINARY, codes.UPDATE_BINARY, codes.READ_RECORD, codes.APPEND_RECORD, codes.GENERATE_KEY_PAIR,
)  # fmt: skip


class Table:
    """One kind of card, tried."""

    def __init__(self, kind: str, face: bool) -> None:
        self.kind, self.face = kind, face
        self.layout = layout_of(kind, face)
        self.instructions = family_of(kind).instructions()
        self.answers: list[bytes] = []
        self.wrong: list[str] = []
        self.cells = 0
        self.elsewhere = False
        """The CPS2ter has the chip."""

    def run(self) -> None:
        cells = defaultdict(list)
        for promise in promises(self.layout, self.instructions):
            cells[promise.path].append(promise)
        for state, proven in states(self.layout).items():
            spoken, self.elsewhere = brought(self.kind, self.face, state), False
            for path, told in cells.items():
                for promise in told:
                    spoken = self.cell(spoken, state, path, promise, promise.holds(proven))
                spoken = self.others(spoken, state, path, told)

    def cell(
        self, spoken: Spoken, state: SecurityState, path: str, promise: Promise, allowed: bool
    ) -> Spoken:
        """Try one cell. Returns the card in the state in which it was."""
        apart = is_apart(self.layout, path)
        if self.elsewhere and not apart:
            spoken = brought(self.kind, self.face, state)
        self.elsewhere = apart
        before, proven = spoken.store.snapshot(), set(spoken.card.proven.verified)
        try:
            if apart:
                answer = try_apart(spoken, promise)
            elif select(spoken, path) != b"\x90\x00":
                subject = promise.subject
                absent = isinstance(subject, EF) and f"file/{path}" not in before
                if not absent:
                    self.wrong.append(f"{state.value}: {path} cannot be selected")
                return spoken
            else:
                answer = attempt(spoken, promise)
        except TerminalError as error:
            self.wrong.append(f"{state.value}: {path} {promise.operation}: {error}")
            return brought(self.kind, self.face, state)
        self.cells += 1
        self.answers.append(answer[:-2])
        sw, after = answer[-2:], spoken.store.snapshot()
        if apart and sw == b"\x94\x04" and f"file/{path}" not in before:
            good = True
        elif allowed:
            plain = isinstance(promise.subject, EF | PinObject) and promise.instruction in PLAIN
            good = (
                sw in (b"\x90\x00", b"\x62\x82")
                if plain and not self.empty(before, path, sw)
                else sw != FORBIDDEN
            )
        else:
            refused = sw != b"\x90\x00" if apart or absent_key(promise, before) else sw == FORBIDDEN
            good = refused and len(answer) == 2 and (after == before)
        if not good:
            what = getattr(promise.subject, "name", "")
            said = "allowed" if allowed else "forbidden"
            self.wrong.append(
                f"{state.value}: {promise.instruction:02X} ({promise.operation}) of {what} in {path}"
                f" is {said}, and answers {answer[:8].hex()} … {sw.hex().upper()}"
            )
        if after != before or set(spoken.card.proven.verified) != proven or refreshed(state, promise):
            return brought(self.kind, self.face, state)
        return spoken

    @staticmethod
    def empty(before: dict[str, bytes], path: str, sw: bytes) -> bool:
        """Nothing is in the file, so that offset 0 or record 1 is outside."""
        return sw in (b"\x6b\x00", b"\x6a\x83")

    def others(self, spoken: Spoken, state: SecurityState, path: str, told: list[Promise]) -> Spoken:
        """Commands on files that are not for this one: refused, whatever has been proven."""
        node = next((each for at, each in self.layout.walk() if at == path and isinstance(each, EF)), None)
        if node is None or is_apart(self.layout, path) or f"file/{path}" not in spoken.store.snapshot():
            return spoken
        before = spoken.store.snapshot()
        fitting = {promise.instruction for promise in told}
        for ins in sorted(ON_FILES & set(self.instructions) - fitting):
            select(spoken, path)
            p1, p2, data, ne = commands(node, ins)
            answer = spoken.send(CommandAPDU.build(0, ins, p1, p2, data, ne))
            self.cells += 1
            self.answers.append(answer[:-2])
            if (
                len(answer) != 2
                or answer[0] not in (0x69, 0x6A, 0x6B, 0x67)
                or spoken.store.snapshot() != before
            ):
                self.wrong.append(f"{state.value}: {ins:02X} is not for {path}, and answers {answer.hex()}")
        return spoken


ON_FILES = {
    code | odd
    for code in (codes.READ_BINARY, codes.SEARCH_BINARY, codes.UPDATE_BINARY, codes.ERASE_BINARY, codes.WRITE_BINARY,
                 codes.READ_RECORD, codes.UPDATE_RECORD)
    for odd in (0, 1)
} | {codes.SEARCH_RECORD, codes.ERASE_RECORD, codes.WRITE_RECORD, codes.APPEND_RECORD}  # fmt: skip


def absent_key(promise: Promise, records: dict[str, bytes]) -> bool:
    """A key that MSE SET cannot name: another refusal comes first."""
    subject = promise.subject
    if isinstance(subject, KeyObject):
        return f"key/{promise.path}/{subject.reference:02X}" not in records
    return isinstance(subject, SecretKey)


def refreshed(state: SecurityState, promise: Promise) -> bool:
    """What authenticates spends what has been proven."""
    return isinstance(promise.subject, KeyObject | SecretKey | KeySet) and state in (
        SecurityState.RECOGNISED, SecurityState.MESSAGING,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "face"), CARDS)
def test_every_cell_is_as_the_layout_promises(kind: str, face: bool) -> None:
    table = Table(kind, face)
    table.run()
    assert not table.wrong, "\n".join(table.wrong[:20])
    assert table.cells >= 2
    said = b"|".join(table.answers)
    assert not [secret for secret in secrets_of(made(kind)) if secret in said]


@pytest.mark.parametrize("kind", kinds())
def test_every_instruction_of_a_kind_has_its_cells(kind: str) -> None:
    """An instruction that is added to a kind has a row here, or is said to mean no object."""
    family = family_of(kind)
    tried = {promise.instruction for promise in promises(family.layout, family.instructions())}
    assert set(family.instructions()) - tried - FREE == BY_OTHERS.get(kind, set()) - tried


def test_a_command_that_asks_no_rule_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix can fail."""
    monkeypatch.setattr("bifente.applets.commands.binary.require", lambda *_: None)
    table = Table("vitale1", False)
    table.run()
    assert any("of G101" in line and "is forbidden" in line for line in table.wrong)
