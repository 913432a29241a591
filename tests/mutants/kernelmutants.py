"""Faults of the card itself, that no wrapper could make: PIN, access rules, selection, keys, persistence."""

from typing import Any

from mutantkit import World, mutant

from bifente.apdu import SW, cvc
from bifente.applets import SmartCard
from bifente.applets.kernel import (
    authentication,
    binary,
    cardholder,
    environment,
    operations,
    selection,
)
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import Environment, Persistent, PinState
from bifente.layouts.access import ALWAYS


def _keeping(*names: str) -> Any:
    """A reset that keeps parts of the volatile state."""

    def make(world: World) -> None:
        old = SmartCard.reset

        def reset(card: SmartCard) -> bytes:
            kept = {name: getattr(card.volatile, name) for name in names}
            atr = old(card)
            for name, value in kept.items():
                setattr(card.volatile, name, value)
            return atr

        world.set(SmartCard, "reset", reset)

    return make


mutant("PIN verified after a reset", "pin-ends-with-reset")(_keeping("verified"))
mutant("selected file kept over a reset", "reset-selects-mf")(_keeping("file", "directory"))
mutant("security environment kept over a reset", "reset-clears-environment")(_keeping("environment"))
mutant("chain kept over a reset", "chain-dropped-by-reset")(_keeping("chain"))
mutant("recognition kept over a reset", "recognition-ends-with-reset")(_keeping("role", "recognition"))


@mutant("PIN verified after loss of power", "pin-ends-with-cold-reset")
def _power(world: World) -> None:
    verified: set[int] = set()
    on, off = SmartCard.power_on, SmartCard.power_off

    def power_off(card: SmartCard) -> None:
        if card._powered:
            verified.update(card.volatile.verified)
        off(card)

    def power_on(card: SmartCard) -> bytes:
        atr = on(card)
        card.volatile.verified |= verified
        return atr

    world.set(SmartCard, "power_off", power_off)
    world.set(SmartCard, "power_on", power_on)


@mutant("PIN counter not persisted", "pin-tries-survive-power")
def _not_persisted(world: World) -> None:
    def consume(self: Persistent, pin: PinState) -> None:
        pin.left -= 1

    world.set(Persistent, "consume_try", consume)


@mutant("PIN counter restored by a reset", "pin-tries-survive-reset")
def _restored(world: World) -> None:
    old = SmartCard.reset

    def reset(card: SmartCard) -> bytes:
        for pin in card.persistent.pins.values():
            pin.left = pin.definition.tries
        return old(card)

    world.set(SmartCard, "reset", reset)


@mutant("PIN tries not counted", "pin-wrong-costs-a-try")
def _not_counted(world: World) -> None:
    world.set(Persistent, "consume_try", lambda self, pin: None)


@mutant("PIN tries not given back", "pin-wrong-costs-a-try")
def _not_given_back(world: World) -> None:
    world.set(Persistent, "accept", lambda self, pin, also=None: self.store.commit(also or {}))


@mutant("uses of the PUK not counted", "puk-counts-uses")
def _uses(world: World) -> None:
    old = Persistent.accept

    def accept(self: Persistent, pin: PinState, also: Any = None) -> None:
        uses, pin.uses_left = pin.uses_left, None
        old(self, pin, also)
        pin.uses_left = uses

    world.set(Persistent, "accept", accept)


@mutant("any PIN is right", "pin-wrong-costs-a-try")
def _any_pin(world: World) -> None:
    world.set(cardholder, "compare_digest", lambda one, other: len(one) == len(other))


def _compare(same: Any) -> Any:
    return lambda world: world.set(cardholder, "compare_digest", same)


mutant("the last digit does not count", "pin-compared-whole")(
    _compare(lambda one, other: one[:-1] == other[: len(one) - 1])
)
mutant("the first digit does not count", "pin-compared-whole")(
    _compare(lambda one, other: one[1:] == other[1:])
)
mutant("further digits do not count", "pin-compared-whole")(
    _compare(lambda one, other: other.startswith(one))
)


@mutant("a wrong PIN leaves the right one verified", "pin-wrong-logs-out")
def _stays_verified(world: World) -> None:
    old = cardholder._compare

    def compare(card: SmartCard, pin: PinState, secret: bytes) -> None:
        verified = set(card.volatile.verified)
        try:
            old(card, pin, secret)
        finally:
            card.volatile.verified |= verified

    world.set(cardholder, "_compare", compare)


@mutant("a blocked PIN is compared", "pin-blocked")
def _blocked(world: World) -> None:
    world.set(PinState, "blocked", property(lambda self: False))
    world.set(Persistent, "consume_try", lambda self, pin: setattr(pin, "left", max(0, pin.left - 1)))


@mutant("the form of a PIN is not looked at", "pin-wrong-format")
def _form(world: World) -> None:
    world.set(cardholder, "_well_formed", lambda pin, secret: True)


@mutant("asking for the counter costs a try", "pin-status", "pin-tries", "pin-wrong-costs")
def _asking(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def verify(card: SmartCard, request: cardholder.VerifyRequest) -> bytes:
            if not request.secret and not request.log_out and request.reference == 1:
                card.persistent.consume_try(card.persistent.pins[1])
            return old.run(card, request)

        return {"run": verify}

    world.change(0x20, changed, "cps3")


@mutant("VERIFY of five bytes is no question", "pin-status")
def _five_bytes(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def request(apdu: Any) -> Any:
            if apdu.ne is not None:
                raise CardError(SW.WRONG_LENGTH)
            return old.request(apdu)

        return {"request": request}

    world.change(0x20, changed, "cps3")


@mutant("log-out does nothing", "pin-log-out", "recognition-ends-with-log-out")
def _log_out(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        return {"run": lambda card, request: b"" if request.log_out else old.run(card, request)}

    world.change(0x20, changed)


@mutant("log-out forgets no recognition", "recognition-ends-with-log-out")
def _log_out_role(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        return {"run": lambda card, request: b"" if request.log_out else old.run(card, request)}

    world.change(0x20, changed, "vitale2")


@mutant("the rules of PIN and PUK are not looked at", "puk-cannot-be-changed", "unblock-without-puk")
def _pin_rules(world: World) -> None:
    world.set(cardholder, "_require", lambda card, rule: None)


@mutant("unblocking leaves the counter", "pin-blocked-and-unblocked")
def _unblock(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def reset(card: SmartCard, request: Any) -> bytes:
            pin = card.persistent.pins[request.reference]
            left = pin.left
            answer = old.run(card, request)
            pin.left = left
            return answer

        return {"run": reset}

    world.change(0x2C, changed)


@mutant("unblocking verifies the new PIN", "unblock-keeps-nothing-verified", "pin-blocked-and-unblocked")
def _unblock_verifies(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def reset(card: SmartCard, request: Any) -> bytes:
            answer = old.run(card, request)
            card.volatile.verified.add(request.reference)
            return answer

        return {"run": reset}

    world.change(0x2C, changed)


@mutant("a changed PIN is lost with the power", "pin-change")
def _change_lost(world: World) -> None:
    old = Persistent.accept
    world.set(Persistent, "accept", lambda self, pin, also=None: old(self, pin))


@mutant("a change does not look at the old PIN", "pin-change-wrong-old")
def _change_old(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def change(card: SmartCard, request: Any) -> bytes:
            value = card.persistent.pins[request.reference].value
            return old.run(card, request._replace(secrets=value + request.secrets[len(value) :]))

        return {"run": change}

    world.change(0x24, changed)


@mutant("reading asks for nothing", "pin-opens", "rights-closed")
def _read_rule(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def read(card: SmartCard, request: Any) -> bytes:
            file = card.volatile.file
            if file is not None:
                file.read_rule = ALWAYS
            return old.run(card, request)

        return {"run": read}

    world.change(0xB0, changed)


@mutant("writing asks for nothing", "data-under-pin", "update-refused", "write-protected")
def _write_rule(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def update(card: SmartCard, request: Any) -> bytes:
            file = card.volatile.file
            if file is not None:
                file.update_rule = ALWAYS
            return old.run(card, request)

        return {"run": update}

    world.change(0xD6, changed)


@mutant("the PIN replaces the issuer", "write-protected-by-issuer")
def _issuer(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def update(card: SmartCard, request: Any) -> bytes:
            file = card.volatile.file
            if file is not None and card.volatile.verified:
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
            file = card.volatile.file
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
    old = binary._target

    def target(card: SmartCard, sfi: int) -> File:
        current = card.volatile.file
        found = old(card, sfi)
        if sfi:
            card.volatile.file = current
        return found

    world.set(binary, "_target", target)


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
    file = card.volatile.file
    answer: bytes = good(card, request)
    card.volatile.file = card.volatile.file or file
    return answer


def _forgets_on_failure(card: SmartCard, request: Any, good: Any) -> bytes:
    try:
        answer: bytes = good(card, request)
    except CardError:
        card.volatile.file = None
        raise
    return answer


def _forgets_pin(card: SmartCard, request: Any, good: Any) -> bytes:
    card.volatile.verified.clear()
    answer: bytes = good(card, request)
    return answer


def _forgets_role(card: SmartCard, request: Any, good: Any) -> bytes:
    card.volatile.role = card.volatile.recognition = None
    answer: bytes = good(card, request)
    return answer


def _keeps_environment(card: SmartCard, request: Any, good: Any) -> bytes:
    kept = card.volatile.environment
    answer: bytes = good(card, request)
    card.volatile.environment = kept
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
mutant("a path need not begin at the MF", "select-path-relative")(
    _finder(
        selection.Method.PATH_FROM_MF,
        lambda card, request, good: (
            good(card, request) or good(card, request._replace(target=b"\x3f\x00" + request.target))
        ),
    )
)
mutant("the MF has a parent", "select-parent")(
    _finder(selection.Method.PARENT, lambda card, request, good: good(card, request) or card.tree.mf)
)
mutant("an EF is found as a DF", "ef-is-no-child-df")(
    _finder(
        selection.Method.CHILD_DF,
        lambda card, request, good: card.volatile.directory.by_fid.get(int.from_bytes(request.target, "big")),
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


@mutant("the same challenge each time", "get-challenge")
def _challenge(world: World) -> None:
    for card in world.cards.values():
        card.random = bytes


@mutant("a challenge serves twice", "token-wrong")
def _challenge_twice(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def external(card: SmartCard, request: Any) -> bytes:
            challenge = card.volatile.challenge
            peer = card.volatile.peer
            try:
                return old.run(card, request)
            finally:
                card.volatile.challenge, card.volatile.peer = challenge, peer

        return {"run": external}

    world.change(0x82, changed)


@mutant("any token is right", "token-wrong")
def _any_token(world: World) -> None:
    world.set(authentication, "_signature_holds", lambda peer, message, signature: True)


@mutant("no challenge is needed", "token-without-challenge")
def _no_challenge(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def external(card: SmartCard, request: Any) -> bytes:
            if card.volatile.challenge is None:
                raise CardError(SW.CHANGED_WARNING)
            return old.run(card, request)

        return {"run": external}

    world.change(0x82, changed)


@mutant("the signature of a certificate is not verified", "certificate-forged")
def _certificate(world: World) -> None:
    good = cvc.verify

    def verify(envelope: Any, car: bytes, n: int, e: int) -> Any:
        try:
            kept["last"] = good(envelope, car, n, e)
        except cvc.CvError:
            if "last" not in kept:
                raise
        return kept["last"]

    kept: dict[str, Any] = {}
    world.set(cvc, "verify", verify)


@mutant("any authority will do", "own-certificate", "authority-unknown")
def _any_authority(world: World) -> None:
    good = Persistent.cv_root

    def root(self: Persistent, car: bytes) -> Any:
        found = good(self, car)
        return found or next(iter((self._roots or {}).values()), None)

    world.set(Persistent, "cv_root", root)


@mutant("keys work without the PIN", "pin-wanted", "sign-without-pin")
def _key_rules(world: World) -> None:
    good = environment.usable_key

    def usable(card: SmartCard, crt: Any, operation: Any) -> Any:
        verified, card.volatile.verified = card.volatile.verified, {1, 2}
        try:
            return good(card, crt, operation)
        finally:
            card.volatile.verified = verified

    for module in (operations, authentication):
        world.set(module, "usable_key", usable)


@mutant("a digest serves twice", "digest-serves-once")
def _digest_twice(world: World) -> None:
    good = operations._ACTIONS[operations.Pso.COMPUTE_SIGNATURE]

    def sign(card: SmartCard, data: bytes) -> bytes:
        digest = card.volatile.environment.digest if card.volatile.environment else None
        answer = good(card, data)
        if card.volatile.environment:
            card.volatile.environment.digest = digest
        return answer

    world.set(operations, "_ACTIONS", {**operations._ACTIONS, operations.Pso.COMPUTE_SIGNATURE: sign})


@mutant("the wrong key signs", "signature-verifies")
def _wrong_key(world: World) -> None:
    good = Persistent.private_key
    world.set(
        Persistent,
        "private_key",
        lambda self, directory, reference: good(self, directory, 0x82 if reference == 0x81 else reference),
    )


@mutant("the signature names another hash", "signature-verifies")
def _wrong_hash(world: World) -> None:
    good = operations.rsa.sign_digest

    def sign(key: Any, algorithm: str, digest: bytes) -> bytes:
        return good(
            key,
            "sha256" if algorithm == "sha1" else "sha1",
            digest[:20].ljust(32 if algorithm == "sha1" else 20),
        )

    world.set(operations.rsa, "sign_digest", sign)


@mutant("the last block of a hash is lost", "signature-verifies")
def _last_block(world: World) -> None:
    good = operations._digest

    def digest(kind: Any, objects: dict[int, bytes]) -> bytes | None:
        return good(kind, {tag: value if tag == 0x90 else b"" for tag, value in objects.items()})

    world.set(operations, "_digest", digest)


@mutant("PSO HASH takes any length", "hash-forms-refused")
def _hash_length(world: World) -> None:
    good = operations._digest

    def digest(kind: Any, objects: dict[int, bytes]) -> bytes | None:
        return good(kind, objects) or bytes(kind.digest_size)

    world.set(operations, "_digest", digest)


@mutant("every key does everything", "environment-wrong-usage", "recognition-key-apart")
def _usage(world: World) -> None:
    world.set(environment, "_check_private", lambda card, crt, template: None)


@mutant("MSE SET takes unknown hashes", "environment-unknown-algorithm")
def _unknown_hash(world: World) -> None:
    world.set(environment, "_check_hash", lambda template: None)


@mutant("deciphered data keep their padding", "deciphers")
def _padding(world: World) -> None:
    good = operations.rsa.decrypt
    world.set(operations.rsa, "decrypt", lambda key, cryptogram: good(key, cryptogram).rjust(256, b"\xff"))


@mutant("the padding indicator is not looked at", "decipher-indicator")
def _indicator(world: World) -> None:
    good = operations._ACTIONS[operations.Pso.DECIPHER]

    def decipher(card: SmartCard, data: bytes) -> bytes:
        try:
            return good(card, b"\x81" + data[1:])
        except CardError:
            return b""

    world.set(operations, "_ACTIONS", {**operations._ACTIONS, operations.Pso.DECIPHER: decipher})


@mutant("INTERNAL AUTHENTICATE takes any length", "internal-authenticate-limit")
def _limit(world: World) -> None:
    world.set(authentication, "MAX_AUTHENTICATION_INPUT", 200)


@mutant("all of a chain but its last block is lost", "deciphers", "recognition")
def _chain_all_lost(world: World) -> None:
    good = SmartCard._chained

    def chained(instruction: Any, chain: Any, header: Any, apdu: Any) -> Any:
        made = good(instruction, chain, header, apdu)
        made.data.clear()
        return made

    world.set(SmartCard, "_chained", staticmethod(chained))


@mutant("the beginning of a long chain is lost", "chain-of-three")
def _chain_lost(world: World) -> None:
    good = SmartCard._chained

    def chained(instruction: Any, chain: Any, header: Any, apdu: Any) -> Any:
        made = good(instruction, chain, header, apdu)
        made.data[:] = apdu.data
        return made

    world.set(SmartCard, "_chained", staticmethod(chained))


@mutant("a chain goes on with another command", "chain-other-command")
def _chain_other(world: World) -> None:
    good = SmartCard._chained

    def chained(instruction: Any, chain: Any, header: Any, apdu: Any) -> Any:
        return good(instruction, chain if chain is None or chain.header == header else None, header, apdu)

    world.set(SmartCard, "_chained", staticmethod(chained))


@mutant("SELECT can be chained", "chaining-not-supported")
def _chain_select(world: World) -> None:
    world.change(0xA4, lambda old: {"chainable": True})


def _class(bits: int, kept: int) -> Any:
    def make(world: World) -> None:
        def transmit(card: SmartCard, command: bytes, /) -> bytes:
            if command and command[0] & bits:
                command = bytes((command[0] & kept,)) + command[1:]
            return good(card, command)

        good = SmartCard.transmit
        world.set(SmartCard, "transmit", transmit)

    return make


mutant("the logical channel is not looked at", "cla-channel")(_class(0x43, 0x10))
mutant("secure messaging is not looked at", "cla-secure-messaging")(_class(0x0C, 0x10))
mutant("proprietary classes are taken", "cla-proprietary")(_class(0x80, 0x10))


@mutant("an unknown instruction is an unknown class", "ins-unknown")
def _unknown_instruction(world: World) -> None:
    good = SmartCard.transmit

    def transmit(card: SmartCard, command: bytes, /) -> bytes:
        answer = good(card, command)
        return b"\x6e\x00" if answer == b"\x6d\x00" else answer

    world.set(SmartCard, "transmit", transmit)


@mutant("GET DATA knows nothing of the value of a PIN", "pin-value-refused", "key-value-refused")
def _value(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def get(card: SmartCard, request: Any) -> bytes:
            try:
                return old.run(card, request)
            except CardError as error:
                raise CardError(SW.REFERENCED_DATA_NOT_FOUND) from error

        return {"run": get}

    world.change(0xCB, changed)


@mutant("GET DATA tells a stale counter", "pin-tries-in-docp")
def _stale_counter(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        return {"run": lambda card, request: old.run(card, request).replace(b"\x9b\x01\x02", b"\x9b\x01\x03")}

    world.change(0xCB, changed)


@mutant("GET DATA ignores its parameters", "get-data-parameters")
def _get_data(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        return {"request": lambda apdu: old.request(apdu._replace(p1=0x3F, p2=0xFF))}

    world.change(0xCB, changed)


@mutant("security environments are those of the MF everywhere", "se5")
def _environments(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def get(card: SmartCard, request: Any) -> bytes:
            directory = card.volatile.directory
            if request.sdo.sdo_class == 0x7B:
                card.volatile.directory = card.tree.mf
            try:
                return old.run(card, request)
            finally:
                card.volatile.directory = directory

        return {"run": get}

    world.change(0xCB, changed)


@mutant("a Vitale opens without recognition", "closed-without-recognition", "rights-closed")
def _vitale_open(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def read(card: SmartCard, request: Any) -> bytes:
            file = card.volatile.file
            if file is not None:
                file.read_rule = ALWAYS
            return old.run(card, request)

        return {"run": read}

    world.change(0xB0, changed, "vitale2")


@mutant("a Vitale signs sheets for nobody", "sheet-key-closed", "sheet-needs-recognition")
def _sheet(world: World) -> None:
    good = operations.usable_key

    def usable(card: SmartCard, crt: Any, operation: Any) -> Any:
        if card.layout.kind != "vitale2":
            return good(card, crt, operation)
        card.volatile.environment = card.volatile.environment or Environment()
        key = card.persistent.private_key(card.volatile.directory, 0x81)
        return 0x42, key

    world.set(operations, "usable_key", usable)


@mutant("all sheets have the same signature", "sheet-signed")
def _same_sheet(world: World) -> None:
    world.set(operations, "sheet_digest", lambda *parts: bytes(32))


@mutant("an echo that drops the last byte of long data", "case-3e", "case-4e", "case-2e")
def _echo(world: World) -> None:
    def transmit(card: SmartCard, command: bytes, /) -> bytes:
        answer = good(card, command)
        return answer[:-3] + answer[-2:] if len(answer) > 258 else answer

    good = SmartCard.transmit
    world.set(SmartCard, "transmit", transmit)


@mutant("an instruction fails unexpectedly", "get-challenge")
def _fails(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def fail(card: SmartCard, request: Any) -> bytes:
            raise CardError(SW.NO_PRECISE_DIAGNOSIS)

        return {"run": fail}

    world.change(0x84, changed)


@mutant("lengths that do not add up are taken", "lengths-do-not-add-up")
def _lengths(world: World) -> None:
    def transmit(card: SmartCard, command: bytes, /) -> bytes:
        answer = good(card, command)
        return b"\x90\x00" if answer == b"\x67\x00" else answer

    good = SmartCard.transmit
    world.set(SmartCard, "transmit", transmit)
