"""What a layout promises: which command does what to each file, key and object, in which security state.

The matrix of access is made of it: the documentation prints it, and the tests try every cell of it on a card. Rules are the
layout's own; who satisfies them is said here for the six states in which a card may be met.
"""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final

from bifente.apdu import instructions as codes
from bifente.apdu.cvc import DOMAIN_CPS, USAGE_AUTHENTICATION, Cha
from bifente.apdu.files.security import Operation
from bifente.layouts.access import NEVER, Rule
from bifente.layouts.nodes import DF, EF, Access, DataObject, KeyObject, KeySet, Layout, PinObject, SecretKey
from bifente.layouts.recognition import CPS
from bifente.layouts.structures import Transparent
from bifente.slotted import dataclass

DOCTOR: Final = Cha(DOMAIN_CPS, 0x80, 0, 10, 0, USAGE_AUTHENTICATION)
"""Whom a patient's card has recognised, in the state *recognised*."""


class SecurityState(Enum):
    """What has been proven to a card since its last reset."""

    NOTHING = "nothing"
    WRONG_PIN = "wrong PIN"
    PIN = "PIN"
    PUK = "PUK"
    RECOGNISED = "recognised"
    MESSAGING = "secure messaging"


@dataclass(frozen=True, slots=True)
class ProvenThere:
    """What a card knows in a security state; it satisfies the rules' protocol."""

    verified: AbstractSet[int] = frozenset()
    role: Cha | None = None
    messaging: int | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """One command on one object: allowed when any of ``rules`` is satisfied."""

    path: str
    """That of the file, or of the directory which holds the object."""
    subject: EF | DF | PinObject | KeyObject | SecretKey | KeySet | DataObject
    operation: Operation
    instruction: int
    rules: tuple[Rule, ...]

    def holds(self, proven: ProvenThere) -> bool:
        """Whether the command is allowed there."""
        return any(rule.allows(proven) for rule in self.rules)


_BYTES: Final = {
    Operation.READ: (codes.READ_BINARY, codes.READ_BINARY | 1, codes.SEARCH_BINARY, codes.SEARCH_BINARY | 1),
    Operation.UPDATE: (
        codes.UPDATE_BINARY,
        codes.UPDATE_BINARY | 1,
        codes.ERASE_BINARY,
        codes.ERASE_BINARY | 1,
    ),
    Operation.WRITE: (codes.WRITE_BINARY, codes.WRITE_BINARY | 1),
}
_RECORDS: Final = {
    Operation.READ: (codes.READ_RECORD, codes.READ_RECORD | 1, codes.SEARCH_RECORD),
    Operation.UPDATE: (codes.UPDATE_RECORD, codes.UPDATE_RECORD | 1, codes.ERASE_RECORD),
    Operation.WRITE: (codes.WRITE_RECORD, codes.APPEND_RECORD),
}
_LIFE: Final = {
    Operation.ACTIVATE: (codes.ACTIVATE_FILE,),
    Operation.DEACTIVATE: (codes.DEACTIVATE_FILE,),
}
_OBJECTS: Final = {
    Operation.VERIFY: (codes.VERIFY,),
    Operation.CHANGE: (codes.CHANGE_REFERENCE_DATA,),
    Operation.RESET: (codes.RESET_RETRY_COUNTER,),
    Operation.COMPUTE_SIGNATURE: (codes.PERFORM_SECURITY_OPERATION,),
    Operation.DECIPHER: (codes.PERFORM_SECURITY_OPERATION,),
    Operation.INTERNAL_AUTHENTICATE: (codes.INTERNAL_AUTHENTICATE,),
    Operation.EXTERNAL_AUTHENTICATE: (codes.EXTERNAL_AUTHENTICATE,),
    Operation.MUTUAL_AUTHENTICATE: (codes.EXTERNAL_AUTHENTICATE,),
    Operation.GENERATE: (codes.GENERATE_KEY_PAIR, codes.GENERATE_KEY_PAIR | 1),
}
_DATA: Final = {
    Operation.GET: (codes.GET_DATA, codes.GET_DATA | 1),
    Operation.PUT: (codes.PUT_DATA, codes.PUT_DATA | 1),
}


def states(layout: Layout) -> dict[SecurityState, ProvenThere]:
    """The states in which a card of this layout may be met, and what it knows in each."""
    found = {SecurityState.NOTHING: ProvenThere()}
    uses = {pin.use: pin.reference for pin in layout.pins if pin.access}
    if "pin" in uses:
        found[SecurityState.WRONG_PIN] = ProvenThere()
        found[SecurityState.PIN] = ProvenThere(frozenset({uses["pin"]}))
    if "puk" in uses:
        found[SecurityState.PUK] = ProvenThere(frozenset({uses["puk"]}))
    if layout.party is CPS:  # which recognises with the PIN presented
        found[SecurityState.RECOGNISED] = ProvenThere(frozenset({uses["pin"]}), Cha.vitale(0x81))
    elif layout.party is not None:
        found[SecurityState.RECOGNISED] = ProvenThere(role=DOCTOR)
    sets = [each for _, directory in layout.directories() for each in directory.keysets]
    usable = [
        each.reference
        for each in sets
        if each.access.get(Operation.MUTUAL_AUTHENTICATE, NEVER).allows(ProvenThere())
    ]
    if usable:
        found[SecurityState.MESSAGING] = ProvenThere(messaging=usable[0])
    return found


def promises(layout: Layout, instructions: Collection[int]) -> Iterator[Promise]:
    """What a card of this layout and with these *instructions* lets be done, and when."""
    parents: dict[str, DF] = {}
    for path, node in layout.walk():
        parent = parents.get(path.rpartition("/")[0])
        if isinstance(node, DF):
            parents[path] = node
        if is_apart(layout, path):
            if isinstance(node, EF):
                read = NEVER if layout.without_contacts else node.access[Operation.READ]
                yield Promise(path, node, Operation.READ, codes.READ_BINARY, (read,))
                yield Promise(path, node, Operation.UPDATE, codes.UPDATE_BINARY, (NEVER,))
            continue
        for operation, codes_of, rules in _of_node(node, parent):
            for code in codes_of:
                if code in instructions:
                    yield Promise(path, node, operation, code, rules)
        if isinstance(node, DF):
            objects: tuple[PinObject | KeyObject | SecretKey | KeySet, ...] = (
                *node.pins,
                *node.keys,
                *node.secrets,
                *node.keysets,
            )
            for held in objects:
                for operation, rule in held.access.items():
                    for code in _OBJECTS.get(operation, ()):
                        if code in instructions:
                            yield Promise(path, held, operation, code, (rule,))
            for data in node.objects:
                for operation, rule in data.access.items():
                    for code in _DATA[operation]:
                        listed = not 0x0100 <= data.reference < 0x0300  # a BER-TLV tag
                        if code in instructions and (listed or not code & 1):
                            yield Promise(path, data, operation, code, (rule,))


def is_apart(layout: Layout, path: str) -> bool:
    """Whether another applet of the chip has the file, which the commands of this one do not reach."""
    above = [path[: 4 + 5 * depth] for depth in range(path.count("/") + 1)]
    return any(node.apart for at, node in layout.walk() if at in above)


_Rules = tuple[Rule, ...]


def _of_node(node: EF | DF, parent: DF | None) -> Iterator[tuple[Operation, tuple[int, ...], _Rules]]:
    access: Access = node.access
    if isinstance(node, EF):
        for operation, found in (_BYTES if isinstance(node.structure, Transparent) else _RECORDS).items():
            yield operation, found, _rule(access, operation)
        yield Operation.TERMINATE, (codes.TERMINATE_EF,), _rule(access, Operation.TERMINATE)
    else:
        end = codes.TERMINATE_CARD_USAGE if parent is None else codes.TERMINATE_DF
        yield Operation.TERMINATE, (end,), _rule(access, Operation.TERMINATE)
        for operation in (Operation.CREATE_EF, Operation.CREATE_DF):
            yield operation, (codes.CREATE_FILE,), _rule(access, operation)
    for operation, found in _LIFE.items():
        yield operation, found, _rule(access, operation)
    if parent is not None:  # of the MF no rule speaks that anybody could satisfy
        of_parent = _rule(parent.access, Operation.DELETE_CHILD)
        yield Operation.DELETE, (codes.DELETE_FILE,), _rule(access, Operation.DELETE) + of_parent


def _rule(access: Access, operation: Operation) -> _Rules:
    return (access.get(operation, NEVER),)
