"""SELECT (ISO/IEC 7816-4:2020 §11.2.2)."""

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.fcp import FCI_TAG, LifeCycle
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError, CardWarning
from bifente.applets.kernel.files import Directory, File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

MF_FID = 0x3F00
_CLAUSE = f"{PART_4} §11.2.2"

_new = tuple.__new__


class Method(IntEnum):
    """P1 of SELECT (table 62)."""

    BY_FID = 0x00
    CHILD_DF = 0x01
    CHILD_EF = 0x02
    PARENT = 0x03
    BY_NAME = 0x04
    PATH_FROM_MF = 0x08
    PATH_FROM_DF = 0x09


class Answer(IntEnum):
    """Bits 4 and 3 of P2 (table 63). File management data (08) are refused: nothing public says that a card has any."""

    FCI = 0x00
    FCP = 0x04
    NOTHING = 0x0C


class Occurrence(IntEnum):
    """Bits 2 and 1 of P2: which of several files."""

    FIRST = 0
    LAST = 1
    NEXT = 2
    PREVIOUS = 3


class SelectRequest(NamedTuple):
    """What to select and what to answer."""

    method: Method
    target: bytes
    answer: Answer
    occurrence: Occurrence


class _Form(NamedTuple):
    """What one pair P1-P2 means, and which lengths the data field may have."""

    method: Method
    answer: Answer
    occurrence: Occurrence
    lengths: frozenset[int]


_LENGTHS = {
    Method.BY_FID: frozenset({0, 2}),
    Method.CHILD_DF: frozenset({2}),
    Method.CHILD_EF: frozenset({2}),
    Method.PARENT: frozenset({0}),
    Method.BY_NAME: frozenset(range(1, 17)),
    Method.PATH_FROM_MF: frozenset(range(2, 256, 2)),
    Method.PATH_FROM_DF: frozenset(range(2, 256, 2)),
}


_TARGETS = {
    Method.BY_FID: "a file identifier of 2 bytes, or nothing for the MF",
    Method.CHILD_DF: "a file identifier of 2 bytes",
    Method.CHILD_EF: "a file identifier of 2 bytes",
    Method.PARENT: "nothing",
    Method.BY_NAME: "a DF name of 1 to 16 bytes",
    Method.PATH_FROM_MF: "a path of file identifiers, 2 bytes each",
    Method.PATH_FROM_DF: "a path of file identifiers, 2 bytes each",
}
"""What stands in the data field."""

_NOT_FOUND = {
    Method.BY_FID: "{0} is neither the MF nor {1} itself, a file in it, its parent or a DF beside it",
    Method.CHILD_DF: "{1} has no DF {0}",
    Method.CHILD_EF: "{1} has no EF {0}",
    Method.PARENT: "{1} is the MF, which has no parent",
    Method.BY_NAME: "no application has a name that begins with {0} (occurrence asked for: {2}, from {1})",
    Method.PATH_FROM_MF: "the path {0} leads to no file from the MF",
    Method.PATH_FROM_DF: "the path {0} leads to no file from {1}, nor from the MF if it begins with 3F00",
}
"""What to say of a target, the current DF and an occurrence."""


def _taken(answers: frozenset[int]) -> str:
    """Which P1 and P2 a card takes that gives these *answers*, for a sentence."""
    listed = ", ".join(f"{answer:02X}" for answer in sorted(answers))
    return f"P1 is one of 00 to 04, 08, 09 and P2 one of {listed}, by name also with another occurrence"


def _forms(answers: frozenset[int]) -> dict[tuple[int, int], _Form]:
    """Each P1-P2 that is allowed. Only names have other occurrences than the first."""
    return {
        (method, answer | occurrence): _Form(method, Answer(answer), occurrence, lengths)
        for method, lengths in _LENGTHS.items()
        for answer in answers
        for occurrence in Occurrence
        if method is Method.BY_NAME or occurrence is Occurrence.FIRST
    }


def request_for(
    answers: frozenset[int], applets: frozenset[bytes] = frozenset()
) -> Callable[[CommandAPDU], SelectRequest]:
    """The request parser of a card that gives these *answers* (P2 without its two low bits).

    A real CPS3 refuses P2 = 00 with 6A86 (OpenSC commit 1a3666364), but for the whole name of its applet: that one it
    selects and answers with 9000 alone (OpenSC issue #2223). *applets* are such names. The public readers of the
    Vitale send P2 = 00.
    """
    forms = _forms(answers)
    expected = _taken(answers)
    by_platform = (Method.BY_NAME.value, Answer.FCI | Occurrence.FIRST)

    def request(apdu: CommandAPDU) -> SelectRequest:
        form = forms.get((apdu.p1, apdu.p2))
        if form is None:
            if (apdu.p1, apdu.p2) == by_platform and apdu.data in applets:
                return SelectRequest(Method.BY_NAME, apdu.data, Answer.NOTHING, Occurrence.FIRST)
            raise wrong_parameters(apdu, _CLAUSE, expected)
        target = apdu.data
        if len(target) not in form.lengths:
            why = Why(
                _CLAUSE,
                "a data field of {} bytes is not what P1 announces: {}",
                (len(target), _TARGETS[form.method]),
            )
            raise CardError(SW.NC_INCONSISTENT_WITH_P1_P2, why)
        return _new(SelectRequest, (form.method, target, form.answer, form.occurrence))

    return request


_CHILD_EF, _FCP, _NOTHING = Method.CHILD_EF, Answer.FCP, Answer.NOTHING


def instruction(
    answers: frozenset[int], applets: frozenset[bytes] = frozenset()
) -> Instruction[SelectRequest]:
    """SELECT of a card that gives these *answers* (see :func:`request_for`)."""
    return Instruction(instructions.SELECT, "SELECT", request_for(answers, applets), select, anywhere=True)


def select(card: "SmartCard", request: SelectRequest) -> bytes:
    """Make a file current. Clears current EF, security environment, hash state and chain; leaves what is proven."""
    found = _FINDERS[request.method](card, request)
    if found is None:
        pattern = _NOT_FOUND[request.method]
        why = Why(
            _CLAUSE, pattern, (request.target, card.channel.directory.path, request.occurrence.name.lower())
        )
        raise CardError(SW.FILE_NOT_FOUND, why)
    channel = card.channel
    if isinstance(found, File):
        channel.file = found
        if request.method != _CHILD_EF:
            channel.directory = found.parent
    else:
        channel.file = None
        channel.directory = found
    channel.record = 0
    channel.selected = channel.environment = None
    answer = request.answer
    if found.state is not _ACTIVATED:
        _warn(found, answer)
    if answer == _FCP:
        return found.fcp
    if answer == _NOTHING:
        return b""
    return bytes((FCI_TAG,)) + found.fcp[1:]


_ACTIVATED = LifeCycle.ACTIVATED
_WARNINGS = {LifeCycle.DEACTIVATED: SW.FILE_DEACTIVATED, LifeCycle.TERMINATED: SW.FILE_TERMINATED}


def _warn(found: File | Directory, answer: Answer) -> None:
    """6283 or 6285 with the answer: the file is selected, and there is little to be done with it."""
    sw = _WARNINGS.get(found.state)
    if sw is not None:
        data = (
            b"" if answer == _NOTHING else found.fcp if answer == _FCP else bytes((FCI_TAG,)) + found.fcp[1:]
        )
        raise CardWarning(sw, Why(_CLAUSE, "{} is {}", (found.path, found.state.name.lower())), data)


def _child_ef(card: "SmartCard", request: SelectRequest) -> File | Directory | None:
    fid = request.target[0] << 8 | request.target[1]
    found = card.channel.directory.by_fid.get(fid)
    if isinstance(found, File):
        return found
    # OpenSC selects the MF in this way, and a CPS3 lets it.
    return card.tree.mf if fid == MF_FID else None


def _child_df(card: "SmartCard", request: SelectRequest) -> Directory | None:
    found = card.channel.directory.by_fid.get(int.from_bytes(request.target, "big"))
    return found if isinstance(found, Directory) else None


def _by_fid(card: "SmartCard", request: SelectRequest) -> File | Directory | None:
    """The MF, a child of the current DF, the DF itself, its parent or a DF beside it (§7.3.2)."""
    fid = int.from_bytes(request.target, "big")
    if not request.target or fid == MF_FID:
        return card.tree.mf
    current = card.channel.directory
    if fid in current.by_fid:
        return current.by_fid[fid]
    if fid == current.node.fid:
        return current
    if current.parent is not None:
        if fid == current.parent.node.fid:
            return current.parent
        sibling = current.parent.by_fid.get(fid)
        return sibling if isinstance(sibling, Directory) else None
    return None


def _parent(card: "SmartCard", request: SelectRequest) -> Directory | None:  # noqa: ARG001
    return card.channel.directory.parent


def _by_name(card: "SmartCard", request: SelectRequest) -> Directory | None:
    """The DF whose name begins with the target; of several the one that *occurrence* says (§12.2.3)."""
    matching = [directory for aid, directory in card.tree.applications if aid.startswith(request.target)]
    if not matching:
        return None
    if request.occurrence is Occurrence.FIRST:
        return matching[0]
    if request.occurrence is Occurrence.LAST:
        return matching[-1]
    current = card.channel.directory
    step = 1 if request.occurrence is Occurrence.NEXT else -1
    if current not in matching:
        return matching[0 if step == 1 else -1]
    at = matching.index(current) + step
    return matching[at] if 0 <= at < len(matching) else None


def _by_path(card: "SmartCard", request: SelectRequest) -> File | Directory | None:
    """A path from the MF, or from the current DF, without their own identifiers (§11.2.2).

    Each card also takes a whole path, from 3F00 on, whatever P1 says it begins at. A real CPS3 does both: with P1 = 09 it
    finds 2F00 while the MF is the current DF (OpenSC issue #2223) and not from inside an application (#2231).
    """
    fids = [request.target[at] << 8 | request.target[at + 1] for at in range(0, len(request.target), 2)]
    found: File | Directory = card.tree.mf
    if fids[0] == MF_FID:
        del fids[0]
    elif request.method == Method.PATH_FROM_DF:
        found = card.channel.directory
    for fid in fids:
        child = found.by_fid.get(fid) if isinstance(found, Directory) else None
        if child is None:
            return None
        found = child
    return found


_FINDERS: dict[Method, Callable[["SmartCard", SelectRequest], File | Directory | None]] = {
    Method.BY_FID: _by_fid,
    Method.CHILD_DF: _child_df,
    Method.CHILD_EF: _child_ef,
    Method.PARENT: _parent,
    Method.BY_NAME: _by_name,
    Method.PATH_FROM_MF: _by_path,
    Method.PATH_FROM_DF: _by_path,
}
