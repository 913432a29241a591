"""Faults of files: access rules, reading and writing, FCPs, selection."""

from typing import Any

from mutantkit import World, mutant

from bifente.apdu import SW
from bifente.applets import SmartCard
from bifente.applets.commands import selection
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import Persistent
from bifente.layouts.access import ALWAYS


@mutant("reading asks for nothing", "pin-opens", "rights-closed")
def _read_rule(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def read(card: SmartCard, request: Any) -> bytes:
            file = card.channel.file
            if file is not None:
                file.read_rule = ALWAYS
            return old.run(card, request)

        return {"run": read}

    world.change(0xB0, changed)


@mutant("writing asks for nothing", "data-under-pin", "update-refused", "write-protected")
def _write_rule(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def update(card: SmartCard, request: Any) -> bytes:
            file = card.channel.file
            if file is not None:
                file.update_rule = ALWAYS
            return old.run(card, request)

        return {"run": update}

    world.change(0xD6, changed)


@mutant("the PIN replaces the issuer", "write-protected-by-issuer")
def _issuer(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def update(card: SmartCard, request: Any) -> bytes:
            file = card.channel.file
            if file is not None and card.proven.verified:
                file.update_rule = ALWAYS
            return old.run(card, request)

        return {"run": update}

    world.change(0xD6, changed)


@mutant("what is written is lost with the power", "data-under-pin", "large-update")
def _written_lost(world: World) -> None:
    world.set(Persistent, "commit", lambda self, changes: None)


@mutant("what is written is not read back", "data-written", "large-update")
def _written_stale(world: World) -> None:
    world.set(File, "replace", lambda self, content: None)


@mutant("writing over the end of a file", "update-bounds")
def _over_the_end(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def update(card: SmartCard, request: Any) -> bytes:
            file = card.channel.file
            if file is not None and request.offset < len(file.content):
                request = request._replace(data=request.data[: len(file.content) - request.offset])
            return old.run(card, request)

        return {"run": update}

    world.change(0xD6, changed)


@mutant("reading behind the end gives nothing and 9000", "read-beyond", "sizes-agree")
def _behind(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def read(card: SmartCard, request: Any) -> bytes:
            try:
                return old.run(card, request)
            except CardError as error:
                if error.sw == SW.WRONG_P1_P2:
                    return b""
                raise

        return {"run": read}

    world.change(0xB0, changed)


@mutant("a short identifier does not make the file current", "sfi-makes-current")
def _sfi(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def read(card: SmartCard, request: Any) -> bytes:
            current = card.channel.file
            try:
                return old.run(card, request)
            finally:
                if request.sfi:
                    card.channel.file = current

        return {"run": read}

    world.change(0xB0, changed)


@mutant("the high byte of an offset is lost", "large-file")
def _offset(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        return {"run": lambda card, request: old.run(card, request._replace(offset=request.offset & 0xFF))}

    world.change(0xB0, changed)


def _fcp(change: Any) -> Any:
    def make(world: World) -> None:
        for owner in (File, Directory):
            old = owner.fcp
            world.set(owner, "fcp", property(lambda self, old=old: change(old.__get__(self))))

    return make


mutant("stale size in the FCP", "fcp-ef-atr", "sizes-agree")(
    _fcp(
        lambda fcp: fcp.replace(b"\x80\x02\x00\x39", b"\x80\x02\x00\x38").replace(
            b"\x80\x02\x00\x0c", b"\x80\x02\x00\x0d"
        )
    )
)
mutant("wrong length of the FCP", "fcp-ef-atr", "sizes-agree")(_fcp(lambda fcp: fcp + b"\0"))
mutant("the FCP names another file", "select-fcp")(
    _fcp(lambda fcp: fcp.replace(b"\x83\x02\x2f\x00", b"\x83\x02\x2f\x01"))
)
mutant("the FCP says that everything is free", "fcp-says-auth", "fcp-ef-atr")(
    _fcp(
        lambda fcp: fcp.replace(b"\xff\xff\xff\xff\xff\x21", b"\xff\xff\xff\xff\xff\x00").replace(
            b"\x45\xff\xff\xff\x45\x00", bytes(6)
        )
    )
)
mutant("no life cycle in the FCP", "fcp-ef")(_fcp(lambda fcp: fcp.replace(b"\x8a\x01\x05", b"\x8a\x01\x04")))


def _select(change: Any) -> Any:
    """Something else happens around SELECT: *change* gets card, request and the good SELECT."""

    def make(world: World) -> None:
        def changed(old: Instruction[Any]) -> dict[str, Any]:
            return {"run": lambda card, request: change(card, request, old.run)}

        world.change(0xA4, changed)

    return make


def _keeps_file(card: SmartCard, request: Any, good: Any) -> bytes:
    file = card.channel.file
    answer: bytes = good(card, request)
    card.channel.file = card.channel.file or file
    return answer


def _forgets_on_failure(card: SmartCard, request: Any, good: Any) -> bytes:
    try:
        answer: bytes = good(card, request)
    except CardError:
        card.channel.file = None
        raise
    return answer


def _forgets_pin(card: SmartCard, request: Any, good: Any) -> bytes:
    card.proven.verified.clear()
    answer: bytes = good(card, request)
    return answer


def _forgets_role(card: SmartCard, request: Any, good: Any) -> bytes:
    card.proven.role = card.proven.recognition = None
    answer: bytes = good(card, request)
    return answer


def _keeps_environment(card: SmartCard, request: Any, good: Any) -> bytes:
    kept = card.channel.environment
    answer: bytes = good(card, request)
    card.channel.environment = kept
    return answer


mutant("SELECT of a DF keeps the current EF", "select-clears-ef")(_select(_keeps_file))
mutant("a SELECT that fails loses the current EF", "select-unknown-keeps-current")(
    _select(_forgets_on_failure)
)
mutant("SELECT forgets the PIN", "pin-survives-select")(_select(_forgets_pin))
mutant("SELECT forgets the recognition", "recognition-survives-select")(_select(_forgets_role))
mutant("SELECT keeps the security environment", "select-clears-environment")(_select(_keeps_environment))


def _finder(method: selection.Method, change: Any) -> Any:
    def make(world: World) -> None:
        good = selection._FINDERS[method]
        world.set(
            selection,
            "_FINDERS",
            {**selection._FINDERS, method: lambda card, request: change(card, request, good)},
        )

    return make


mutant("names must be whole", "select-next-occurrence")(
    _finder(
        selection.Method.BY_NAME,
        lambda card, request, good: next(
            (found for aid, found in card.tree.applications if aid == request.target), None
        ),
    )
)
mutant("the next occurrence is the first", "select-next-occurrence")(
    _finder(
        selection.Method.BY_NAME,
        lambda card, request, good: good(card, request._replace(occurrence=selection.Occurrence.FIRST)),
    )
)
mutant("the MF has a parent", "select-parent")(
    _finder(selection.Method.PARENT, lambda card, request, good: good(card, request) or card.tree.mf)
)
mutant("an EF is found as a DF", "ef-is-no-child-df")(
    _finder(
        selection.Method.CHILD_DF,
        lambda card, request, good: card.channel.directory.by_fid.get(int.from_bytes(request.target, "big")),
    )
)
mutant("any file of the card is found by FID", "select-path-unknown", "select-unknown", "fid-elsewhere")(
    _finder(
        selection.Method.BY_FID,
        lambda card, request, good: (
            good(card, request) or card.tree.mf.by_fid[1].by_fid.get(int.from_bytes(request.target, "big"))
        ),
    )
)


@mutant("a CPS takes P2=00", "select-without-fcp-refused")
def _p2(world: World) -> None:
    world.change(0xA4, lambda old: {"request": selection.request_for(frozenset({0x00, 0x04, 0x0C}))}, "cps3")
