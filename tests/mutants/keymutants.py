"""Faults of challenges, keys, chains, classes, GET DATA, and of what a Vitale opens."""

from typing import Any

from mutantkit import MUTANT, World, mutant

from bifente.apdu import SW, cvc
from bifente.applets import SmartCard
from bifente.applets.commands import authentication, environment, operations
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import Environment, Persistent
from bifente.crypto import rsa
from bifente.layouts.access import ALWAYS


@mutant("the same challenge each time", "get-challenge")
def _challenge(world: World) -> None:
    for card in world.cards.values():
        card.random = bytes


@mutant("a challenge serves twice", "token-wrong")
def _challenge_twice(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def external(card: SmartCard, request: Any) -> bytes:
            challenge = card.proven.challenge
            peer = card.proven.peer
            try:
                return old.run(card, request)
            finally:
                card.proven.challenge, card.proven.peer = challenge, peer

        return {"run": external, "refused": None}

    world.change(0x82, changed)


@mutant("any token is right", "token-wrong")
def _any_token(world: World) -> None:
    world.set(authentication, "signed_by", lambda n, e, signature, message: True)


@mutant("no challenge is needed", "token-without-challenge")
def _no_challenge(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def external(card: SmartCard, request: Any) -> bytes:
            if card.proven.challenge is None:
                raise CardError(SW.CHANGED_WARNING, MUTANT)
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
        verified, card.proven.verified = card.proven.verified, {1, 2}
        try:
            return good(card, crt, operation)
        finally:
            card.proven.verified = verified

    for module in (operations, authentication):
        world.set(module, "usable_key", usable)


@mutant("a digest serves twice", "digest-serves-once")
def _digest_twice(world: World) -> None:
    good = operations._ACTIONS[operations.Pso.COMPUTE_SIGNATURE]

    def sign(card: SmartCard, data: bytes) -> bytes:
        digest = card.channel.environment.digest if card.channel.environment else None
        answer = good(card, data)
        if card.channel.environment:
            card.channel.environment.digest = digest
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
    good = rsa.sign_digest

    def sign(key: Any, algorithm: str, digest: bytes) -> bytes:
        return good(
            key,
            "sha256" if algorithm == "sha1" else "sha1",
            digest[:20].ljust(32 if algorithm == "sha1" else 20),
        )

    world.set(rsa, "sign_digest", sign)


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
    good = rsa.decrypt
    world.set(rsa, "decrypt", lambda key, cryptogram: good(key, cryptogram).rjust(256, b"\xff"))


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
                raise CardError(SW.REFERENCED_DATA_NOT_FOUND, MUTANT) from error

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
            directory = card.channel.directory
            if request.sdo.sdo_class == 0x7B:
                card.channel.directory = card.tree.mf
            try:
                return old.run(card, request)
            finally:
                card.channel.directory = directory

        return {"run": get}

    world.change(0xCB, changed)


@mutant("a Vitale opens without recognition", "closed-without-recognition", "rights-closed")
def _vitale_open(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def read(card: SmartCard, request: Any) -> bytes:
            file = card.channel.file
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
        card.channel.environment = card.channel.environment or Environment()
        key = card.persistent.private_key(card.channel.directory, 0x81)
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
            raise CardError(SW.NO_PRECISE_DIAGNOSIS, MUTANT)

        return {"run": fail}

    world.change(0x84, changed)


@mutant("lengths that do not add up are taken", "lengths-do-not-add-up")
def _lengths(world: World) -> None:
    def transmit(card: SmartCard, command: bytes, /) -> bytes:
        answer = good(card, command)
        return b"\x90\x00" if answer == b"\x67\x00" else answer

    good = SmartCard.transmit
    world.set(SmartCard, "transmit", transmit)
