"""Faults around a card: answers to reset, transport, answers changed on their way, slots that are not apart."""

from typing import Any

from mutantkit import ChangedAnswers, World, answers, mutant

from bifente.applets import SmartCard
from bifente.reader.slots.insertedcard import InsertedCard
from bifente.reader.wrappers import t0front
from bifente.reader.wrappers.t0front import T0Front

OK = b"\x90\x00"


def _data(change: Any) -> Any:
    """Change the data of answers that have some."""
    return lambda command, answer: change(answer[:-2]) + answer[-2:] if len(answer) > 2 else answer


def _word(before: bytes, after: bytes) -> Any:
    return lambda command, answer: answer[:-2] + after if answer[-2:] == before else answer


mutant("an answer of one byte", "get-challenge")(
    answers(lambda command, answer: answer[:1] if command[1] == 0x84 else answer)
)
mutant("an empty answer", "ins-unknown")(
    answers(lambda command, answer: b"" if answer == b"\x6d\x00" else answer)
)
mutant("the last byte of data is lost", "ef-atr", "get-challenge")(answers(_data(lambda data: data[:-1])))
mutant("a bit of the data is flipped", "ef-atr", "case-4s")(
    answers(_data(lambda data: data[:-1] + bytes((data[-1] ^ 1,))))
)
mutant("data are cut at 128 bytes", "signature-verifies", "case-2s", "deciphers")(
    answers(_data(lambda data: data[:128]))
)
mutant("not found is referenced data not found", "select-unknown-name")(
    answers(_word(b"\x6a\x82", b"\x6a\x88"))
)
mutant("security status is conditions of use", "sign-without-pin", "rights-closed")(
    answers(_word(b"\x69\x82", b"\x69\x85"))
)
mutant("blocked is security status", "pin-blocked")(answers(_word(b"\x69\x83", b"\x69\x82")))
mutant("no counter in the status word", "pin-status", "pin-wrong-costs")(
    answers(
        lambda command, answer: (
            b"\x63\x00" if answer[:-1] == b"\x63" and answer[-1] & 0xF0 == 0xC0 else answer
        )
    )
)
mutant("wrong data is wrong length", "environment-not-tlv", "select-path-odd")(
    answers(_word(b"\x6a\x80", b"\x67\x00"))
)
mutant("no current EF is not found", "read-without-ef")(answers(_word(b"\x69\x86", b"\x6a\x82")))
mutant("P1-P2 is not looked at by GET CHALLENGE", "get-challenge-parameters")(
    lambda world: world.wrap(
        lambda card: _Rewriting(card, lambda c: c[:2] + b"\0\0" + c[4:] if c[1] == 0x84 else c)
    )
)
mutant("T=1 Le is one byte", "case-2e", "case-4e")(
    answers(lambda command, answer: answer[:256] + answer[-2:] if len(answer) > 258 else answer, "t1test")
)
mutant("T=1 answers 61xx", "t1-answers-at-once", "case-2s")(
    answers(
        lambda command, answer: bytes((0x61, (len(answer) - 2) & 0xFF)) if len(answer) > 2 else answer,
        "t1test",
    )
)
mutant("the high byte of an extended Lc is lost", "case-3e", "case-4e")(
    lambda world: world.wrap(lambda card: _Rewriting(card, _short_lc), "t1test")
)
mutant("a byte that is not 90 ends the data", "case-4s-255", "large-file")(
    answers(_data(lambda data: data[: data.find(b"\x90") + 1] if b"\x90" in data else data), "t1test")
)


class _Rewriting(ChangedAnswers):
    """A card that gets other commands than were sent."""

    def __init__(self, card: Any, rewrite: Any) -> None:
        super().__init__(card, lambda command, answer: answer)
        self.rewrite = rewrite

    def transmit(self, command: bytes, /) -> bytes:
        return self.card.transmit(self.rewrite(command))


def _short_lc(command: bytes) -> bytes:
    if len(command) > 300 and command[4] == 0:
        size = command[6]
        return command[:4] + b"\0\0" + bytes((size,)) + command[7 : 7 + size] if size else command[:4]
    return command


class _OtherAtr(ChangedAnswers):
    """A card with another answer to reset."""

    def __init__(self, card: Any, cold: Any, warm: Any) -> None:
        super().__init__(card, lambda command, answer: answer)
        self.cold, self.warm = cold, warm

    def power_on(self) -> bytes:
        return self.cold(self.card.power_on())

    def reset(self) -> bytes:
        return self.warm(self.card.reset())


def _atr(cold: Any, warm: Any, *kinds: str) -> Any:
    return lambda world: world.wrap(lambda card: _OtherAtr(card, cold, warm), *kinds)


def _same(atr: bytes) -> bytes:
    return atr


def _wrong_tck(atr: bytes) -> bytes:
    return atr[:-1] + bytes((atr[-1] ^ 1,))


mutant("wrong TCK", "atr-tck@t1test", "atr-structure@t1test")(_atr(_wrong_tck, _wrong_tck, "t1test"))
mutant("no TCK", "atr-tck@t1test", "atr-structure@t1test")(_atr(lambda a: a[:-1], lambda a: a[:-1], "t1test"))
mutant("TCK where there is none", "atr-tck", "atr-structure")(
    _atr(lambda a: a + b"\0", lambda a: a + b"\0", "cps3", "vitale2")
)
mutant("the warm reset gives another ATR", "atr-stable")(_atr(_same, lambda a: a[:-1] + b"\x01", "cps3"))
mutant("the cold reset gives another ATR", "atr-stable")(_atr(lambda a: a[:-1] + b"\x01", _same, "vitale2"))
mutant("the ATR of another card", "atr-known")(
    _atr(lambda a: bytes.fromhex("3B00"), lambda a: bytes.fromhex("3B00"), "cps3")
)


@mutant("a warm reset is none", "reset-selects-mf")
def _no_reset(world: World) -> None:
    world.set(SmartCard, "reset", lambda card: card._atr)


# The T=0 front


@mutant("lost 61xx: data come at once", "t0-select-waits")
def _no_61(world: World) -> None:
    world.set(T0Front, "_hold", lambda self, class_byte, answer: answer)


@mutant("lost 61xx: nothing waits", "t0-select-waits")
def _lost_61(world: World) -> None:
    world.set(T0Front, "_hold", lambda self, class_byte, answer: answer[-2:])


@mutant("61xx announces one byte too few", "t0-select-waits", "opensc-binds")
def _short_61(world: World) -> None:
    good = T0Front._hold

    def hold(self: T0Front, class_byte: int, answer: bytes) -> bytes:
        said = good(self, class_byte, answer)
        return said[:1] + bytes(((said[1] - 1) & 0xFF,)) if said[:1] == b"\x61" else said

    world.set(T0Front, "_hold", hold)


@mutant("what waits is kept over another command", "t0-dropped-by-another-command")
def _kept_over_command(world: World) -> None:
    world.set(T0Front, "_forget", lambda self: setattr(self, "_kept", None))


@mutant("what waits is kept over a reset", "t0-dropped-by-reset")
def _kept_over_reset(world: World) -> None:
    def reset(self: T0Front) -> bytes:
        return self._card.reset()

    world.set(T0Front, "reset", reset)


@mutant("GET RESPONSE may be repeated", "t0-get-response-in-parts")
def _repeated(world: World) -> None:
    good = T0Front._get_response

    def get_response(self: T0Front, command: bytes) -> bytes:
        waiting, status = self._waiting, self._status
        answer = good(self, command)
        if waiting and not self._waiting:
            self._waiting, self._status = waiting, status
        return answer

    world.set(T0Front, "_get_response", get_response)


@mutant("GET RESPONSE gives all at once", "t0-get-response-in-parts", "t0-le-dropped")
def _all_at_once(world: World) -> None:
    good = T0Front._get_response
    world.set(
        T0Front,
        "_get_response",
        lambda self, command: good(self, command[:4] + b"\0" if len(command) == 5 else command),
    )


@mutant("GET RESPONSE for more loses the data", "t0-get-response-too-long")
def _too_long(world: World) -> None:
    good = T0Front._get_response

    def get_response(self: T0Front, command: bytes) -> bytes:
        answer = good(self, command)
        if answer[:1] == b"\x6c" and len(answer) == 2:
            self._forget()
        return answer

    world.set(T0Front, "_get_response", get_response)


@mutant("GET RESPONSE ignores its parameters", "t0-get-response-parameters")
def _parameters(world: World) -> None:
    good = T0Front._get_response
    world.set(T0Front, "_get_response", lambda self, command: good(self, command[:2] + b"\0\0" + command[4:]))


@mutant("GET RESPONSE without anything that waits succeeds", "t0-nothing-waits")
def _nothing(world: World) -> None:
    good = T0Front._get_response
    world.set(T0Front, "_get_response", lambda self, command: good(self, command) if self._waiting else OK)


@mutant("too large an Le gives data and no 6Cxx", "t0-wrong-le")
def _no_6c(world: World) -> None:
    good = T0Front._case_2

    def case_2(self: T0Front, command: bytes) -> bytes:
        answer = good(self, command)
        if answer[:1] == b"\x6c" and len(answer) == 2:
            return good(self, command[:4] + answer[1:])
        return answer

    world.set(T0Front, "_case_2", case_2)


@mutant("6Cxx names one byte too many", "t0-wrong-le", "rufus", "serial-by-sfi", "opensc-binds")
def _wrong_6c(world: World) -> None:
    good = T0Front._case_2

    def case_2(self: T0Front, command: bytes) -> bytes:
        answer = good(self, command)
        if answer[:1] == b"\x6c" and len(answer) == 2:
            return b"\x6c" + bytes((answer[1] + 1 & 0xFF,))
        return answer

    world.set(T0Front, "_case_2", case_2)


@mutant("a command answered 6Cxx is executed", "wrong-le-signs-once")
def _executed(world: World) -> None:
    good = T0Front._case_2

    def case_2(self: T0Front, command: bytes) -> bytes:
        answer = good(self, command)
        if len(answer) > 2 and answer[-2:-1] == b"\x61":
            self._forget()
            return b"\x6c\x00"
        return answer

    world.set(T0Front, "_case_2", case_2)


@mutant("extended lengths pass under T=0", "t0-extended-length")
def _extended(world: World) -> None:
    good = T0Front.transmit

    def transmit(self: T0Front, command: bytes, /) -> bytes:
        if len(command) > 6 and command[4] == 0:
            return self._card.transmit(command)
        return good(self, command)

    world.set(T0Front, "transmit", transmit)


@mutant("6282 passes under T=0", "read-to-the-end", "t0-wrong-le", "serial-by-sfi", "opensc-binds")
def _6282(world: World) -> None:
    def case_2(self: T0Front, command: bytes) -> bytes:
        self._forget()
        return self._card.transmit(command)

    world.set(T0Front, "_case_2", case_2)


@mutant("no front: a T=0 card answers as one of T=1", "t0-select-waits")
def _no_front(world: World) -> None:
    world.set(InsertedCard, "_wants_front", lambda self: False)


@mutant("the status word is lost behind 256 bytes", "opensc-signs", "signature-in-parts")
def _256(world: World) -> None:
    world.set(t0front, "_MORE", (b"\x61\xff", *t0front._MORE[1:]))


# Slots


@mutant("a slot answers with the other card", "slots-in-parallel")
def _crosstalk(world: World) -> None:
    cards = world.cards

    def transmit(card: Any) -> Any:
        other = cards["vitale2"]

        def answer(command: bytes, good: bytes) -> bytes:
            if command[:2] == b"\x00\xb0" and good.startswith(b"\x5a\x0a"):
                other.transmit(bytes.fromhex("00A4080C043F002F02"))
                return other.transmit(command)
            return good

        return ChangedAnswers(card, answer)

    world.wrap(transmit, "cps3")


@mutant("a reset of one card resets the other", "slots-independent-resets")
def _both_reset(world: World) -> None:
    other = world.cards["vitale2"]

    class Both(ChangedAnswers):
        def reset(self) -> bytes:
            other.reset()
            return self.card.reset()

    world.wrap(lambda card: Both(card, lambda command, answer: answer), "cps3")


@mutant("the removal of a card does not reset the other one", "removal-resets-the-other")
def _no_demand(world: World) -> None:
    world.set(InsertedCard, "demand_warm_reset", lambda self: None)


@mutant("a link outlives its card", "removal-seen")
def _outlives(world: World) -> None:
    def remove(self: InsertedCard, *, reader_gone: bool = False) -> None:
        """Nothing: who has a link goes on."""

    world.set(InsertedCard, "remove", remove)


@mutant("a card remembers over its removal", "reinsertion-is-fresh")
def _remembers(world: World) -> None:
    class Remembering(ChangedAnswers):
        def power_on(self) -> bytes:
            return self.card._atr if self.card._powered else self.card.power_on()

        def power_off(self) -> None:
            """Nothing: the card lives on outside."""

    world.wrap(lambda card: Remembering(card, lambda command, answer: answer), "cps3")


@mutant("a transaction holds up every slot", "slots-transactions-apart")
def _every_slot(world: World) -> None:
    from bifente.apdu.link import LinkTimeout

    begin, end, transmit = InsertedCard.begin, InsertedCard.end, InsertedCard.transmit
    held: list[InsertedCard] = []

    def begun(self: InsertedCard, who: object) -> None:
        begin(self, who)
        held.append(self)

    def ended(self: InsertedCard, who: object) -> None:
        if self in held:
            held.remove(self)
        end(self, who)

    def transmitted(self: InsertedCard, *arguments: Any) -> bytes:
        if held and self not in held:
            raise LinkTimeout("another slot", 0)
        return transmit(self, *arguments)

    for name, value in (("begin", begun), ("end", ended), ("transmit", transmitted)):
        world.set(InsertedCard, name, value)


@mutant("a card speaks a protocol that it does not offer", "atr-protocol")
def _protocol(world: World) -> None:
    from bifente.apdu.link import TransmissionProtocol
    from bifente.reader.slots.link import SlotLink

    other = {
        TransmissionProtocol.T0: TransmissionProtocol.T1,
        TransmissionProtocol.T1: TransmissionProtocol.T0,
    }
    world.set(SlotLink, "protocol", property(lambda self: other[self._inserted.protocol]))
