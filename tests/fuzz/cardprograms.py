"""Cards for the fuzzer: a program of bytes says what is sent to one, by somebody who knows its PINs and its keys.

Each step is one byte: a command as it stands, one in secure messaging, or a whole dialogue (PIN, recognition, session) that
a fuzzer would not find by itself. The same bytes always do the same.
"""

from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256

from cardstates import PIN, PUK, WRONG, Spoken, card_records, fresh, protected, recognised, secrets_of, verify

from bifente.apdu import ApduError, CommandAPDU
from bifente.layouts.nodes import DF, EF
from bifente.terminal import TerminalError

KINDS = {
    "cps3": ("gp", False),
    "cps3-contactless": ("gp", True),
    "cps4": ("gp-cps4", False),
    "vitale2": ("vitale-family", False),
    "vitale1": ("vitale1-family", False),
    "isotest": ("isotest", False),
    "t1test": ("t1test", False),
}
MOST_STEPS = 40


class Repeatable:
    """A random source that gives the same bytes in every run."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, size: int) -> bytes:
        self.count += 1
        seed = sha256(self.count.to_bytes(4, "big")).digest()
        return (seed * (size // 32 + 1))[:size]


@cache
def prepared(profile: str) -> tuple[dict[str, bytes], tuple[bytes, ...]]:
    """The records of a card and its secrets, made once."""
    made = card_records(profile)
    return made, tuple(secrets_of(made))


@cache
def paths(kind: str) -> tuple[bytes, ...]:
    """The paths of its files, to be selected by a number."""
    from bifente.layouts.registry import layout_of

    found = (path for path, node in layout_of(kind).walk() if isinstance(node, EF | DF))
    return tuple(bytes.fromhex(path.replace("/", "")) for path in found)


def judged(command: bytes, answer: bytes) -> None:
    """What every card owes to every byte string."""
    assert len(answer) >= 2, "no status word"
    assert answer[-2:] != b"\x6f\x00", "the card failed unexpectedly"
    assert answer[-2] >> 4 in (6, 9), f"no status word: {answer[-2:].hex()}"
    try:
        expected = CommandAPDU.parse(command).ne or 0
    except ApduError:
        expected = 0
    assert len(answer) - 2 <= expected, "more data than Le asks for"


class CardProgram:
    """One run of one program."""

    def __init__(self, profile: str, face: bool) -> None:
        self.made, self.secrets = prepared(profile)
        self.spoken = fresh(self.made, contactless=face, random=Repeatable())
        self.answers: list[bytes] = []
        self.kind = self.spoken.card.layout.kind

    def raw(self, command: bytes) -> None:
        """Bytes as they are."""
        answer = self.spoken.card.transmit(command)
        judged(command, answer)
        self.answers.append(answer)

    def said(self, command: bytes) -> None:
        """A command in the session that is open, or plain."""
        try:
            apdu = CommandAPDU.parse(command)
            self.answers.append(self.spoken.send(apdu))
        except (ApduError, TerminalError):
            self.spoken.channel = None

    def select(self, number: int) -> None:
        known = paths(self.kind)
        path = known[number % len(known)]
        p1, data = (0x08, path[2:]) if len(path) > 2 else (0x00, path)
        self.said(CommandAPDU.build(self.spoken.cla, 0xA4, p1, 0x0C, data).raw)

    def dialogue(self, step: Callable[[], object]) -> None:
        """A dialogue of a terminal, which may fail but only as the terminal says."""
        try:
            step()
        except (TerminalError, ApduError):
            self.spoken.channel = None

    def run(self, program: bytes) -> None:
        at = steps = 0
        has_pins = "pin/01" in self.made
        while at < len(program) and steps < MOST_STEPS:
            code, steps = program[at], steps + 1
            at += 1
            if code < 0x10 and has_pins:
                reference, value = ((1, PIN), (2, PUK), (1, WRONG), (2, WRONG))[code & 3]
                self.dialogue(partial(verify, self.spoken, reference, value))
            elif code < 0x14:
                self.spoken.channel = None
                self.dialogue(partial(self.recognised))
            elif code < 0x18:
                self.dialogue(partial(protected, self.spoken, Repeatable()))
            elif code < 0x1A:
                self.spoken.channel = None
                self.spoken.card.reset()
            elif code < 0x1C:
                self.spoken.channel = None
                self.spoken.card.power_off()
                self.spoken.card.power_on()
            elif code < 0x80:
                self.select(code)
            else:
                size, at = program[at] if at < len(program) else 0, at + 1
                command = program[at : at + size]
                at += size
                (self.raw if code < 0xC0 else self.said)(command)
        self.no_secret(program)

    def recognised(self) -> None:
        if (
            self.kind not in ("cps3", "cps4", "vitale1", "vitale2")
            or self.spoken.card.layout.without_contacts
        ):
            return
        other = "vitale-single" if self.kind.startswith("cps") else "gp"
        recognised(self.spoken, fresh(prepared(other)[0], random=Repeatable()))

    def no_secret(self, program: bytes) -> None:
        """No answer holds a part of a key, a PIN or a PUK that the program has not brought itself."""
        said = b"|".join(self.answers)
        for secret in self.secrets:
            assert secret not in said or secret in program, "an answer holds a secret"


def run(kind: str, program: bytes) -> None:
    """Run a program on a fresh card."""
    CardProgram(*KINDS[kind]).run(program)


__all__ = ["KINDS", "CardProgram", "Spoken", "run"]
