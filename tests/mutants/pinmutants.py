"""Faults of resets and of PIN and PUK."""

from typing import Any

from mutantkit import MUTANT, World, mutant

from bifente.apdu import SW
from bifente.applets import SmartCard
from bifente.applets.commands import cardholder
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import Persistent, PinState


def _keeping(*names: str) -> Any:
    """A reset that keeps parts of the volatile state."""

    def make(world: World) -> None:
        old = SmartCard.reset

        def reset(card: SmartCard) -> bytes:
            kept = {name: getattr(card.proven, name) for name in names}
            atr = old(card)
            for name, value in kept.items():
                setattr(card.proven, name, value)
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
            verified.update(card.proven.verified)
        off(card)

    def power_on(card: SmartCard) -> bytes:
        atr = on(card)
        card.proven.verified |= verified
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
        verified = set(card.proven.verified)
        try:
            old(card, pin, secret)
        finally:
            card.proven.verified |= verified

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


@mutant("VERIFY of five bytes is not a question", "pin-status")
def _five_bytes(world: World) -> None:
    def changed(old: Instruction[Any]) -> dict[str, Any]:
        def request(apdu: Any) -> Any:
            if apdu.ne is not None:
                raise CardError(SW.WRONG_LENGTH, MUTANT)
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
    world.set(cardholder, "require", lambda *_: None)


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
            card.proven.verified.add(request.reference)
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
