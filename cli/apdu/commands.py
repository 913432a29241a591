"""``bifente apdu``: explain APDUs in words, send them to a card file."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bifente.apdu.errors import ApduError
from bifente.cli.apdu.notation import NotationError, WrittenCommand, parse_command, parse_written
from bifente.cli.errors import CliError, ExitCode
from bifente.cli.options import JSON, READER
from bifente.cli.visible import say, say_json
from bifente.documents import DocumentTooLong
from bifente.workbench.served.realreader import relayed

if TYPE_CHECKING:
    from bifente.apdu.link import Card

_BYTE = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{2}[hH]?,?")
_LONGEST_INPUT = 16 << 20
"""Of the standard input, which is read whole before anything is sent; longer dialogues are traces (``trace play``)."""
_Read = TypeVar("_Read")
_PLAIN = "plain hexadecimal, such as 00A4040C or 9000; apdu send alone knows the notation 84/08="


@click.group(short_help="Explain APDUs in words; send them to a card file.")
def apdu() -> None:
    """Explain command APDUs, answers and ATRs; send commands to a card file."""


@apdu.command()
@click.argument("hexadecimal", metavar="HEX…", nargs=-1, required=True)
@JSON
def explain(hexadecimal: tuple[str, ...], as_json: bool) -> None:
    """Say in words what each HEX (a command APDU, an answer, an ATR, a data object) means.

    Bytes may stand apart, also by : or -, and have 0x before them; several HEX of one byte each are taken as one.
    PINs and PUKs in a command are not shown. "-" reads lines from the standard input.
    """
    from bifente.traces.explanation.explain import explain_bytes, shown_bytes

    given = (" ".join(hexadecimal),) if _is_one(hexadecimal) else hexadecimal
    blocks = list(_each(_lines(given), "HEX", lambda text: parse_written(text, "HEX"), _PLAIN))
    if not all(blocks):
        raise CliError("HEX: there are no bytes to explain", hint=_PLAIN)
    if as_json:
        told = [{"hex": shown_bytes(block), "lines": list(explain_bytes(block))} for block in blocks]
        say_json(told)
        return
    for number, block in enumerate(blocks):
        if number:
            say()
        for line in explain_bytes(block):
            say(line)


@apdu.command()
@click.argument("card", metavar="X.card", type=click.Path(readable=False))
@click.argument("commands", metavar="APDU…", nargs=-1)
@click.option("--reader", metavar="NAME", help=f"{READER} Then there is no X.card.")
@click.option(
    "--contactless", is_flag=True, help="Meet the card without contacts: a CPS3 has such an interface."
)
@click.option("--explain", "in_words", is_flag=True, help="Add the meaning of each command and answer.")
@click.option("--why", is_flag=True, help="Add why the card refused: which clause, and what was wrong.")
@click.option("--secrets", is_flag=True, help="Show PINs, PUKs and deciphered data.")
@JSON
def send(
    card: str,
    commands: tuple[str, ...],
    reader: str | None,
    contactless: bool,
    in_words: bool,
    why: bool,
    secrets: bool,
    as_json: bool,
) -> None:
    """Power the card in a file, or in a PC/SC reader, on, send it commands, show its answers.

    \b
    An APDU is plain hexadecimal, sent byte for byte, or the compact form
      [CLA]INS[P1P2][:DATA][/LE][=SW]
    with or without what is in brackets (left out, CLA and P1P2 are 00):
      A4040C:8025000001FF0100   SELECT by AID, whatever the answer
      84/08=                    GET CHALLENGE of 8 bytes, which must succeed (= is =9000)
      200001=63Cx               tries of PIN 01: any counter will do, x stands for any digit

    An answer that is not the expected one ends the dialogue with exit code 9; without an expected status word
    any answer is good. "-" reads APDUs from the standard input, one a line, # begins a comment.
    """
    from bifente.cli.apdu.reasons import reason

    if reader is not None:
        if contactless:
            raise click.UsageError(
                "--contactless is for a card file: a real reader meets its card in one way"
            )
        commands = (card, *commands)
    if not commands:
        raise click.UsageError("Missing argument 'APDU…'.")
    written = list(_each(_lines(commands), "APDU", parse_command, NotationError.hint))
    device, reader = _device(card, reader, contactless=contactless)
    dialogue = _Dialogue(in_words=in_words, secrets=secrets, as_json=as_json)
    try:
        dialogue.begin(device.power_on())
        for number, command in enumerate(written, 1):
            answer = device.transmit(command.raw)
            dialogue.say(
                number, len(written), command, answer, reason(device, answer, reader) if why else None
            )
    finally:
        device.power_off()
        dialogue.end()


def _device(card: str, reader: str | None, *, contactless: bool) -> "tuple[Card, str | None]":
    """The card in a file, or that in a reader with the whole name of the reader."""
    if reader is None:
        from bifente.applets import open_card

        return open_card(Path(card), contactless=contactless), None
    held = relayed(reader)
    return held, held.name


def _is_one(arguments: tuple[str, ...]) -> bool:
    """Bytes that the shell has taken apart: ``3B AC 00 40`` without quotes."""
    return len(arguments) > 1 and all(_BYTE.fullmatch(argument) for argument in arguments)


class _Dialogue:
    """Shows commands and answers as they come, or as one JSON document at the end."""

    def __init__(self, *, in_words: bool, secrets: bool, as_json: bool) -> None:
        from bifente.traces import Masker
        from bifente.traces.explanation.explain import Follower

        self._masker = Masker()
        self._follower = Follower() if in_words else None
        self._secrets = secrets
        self._exchanges: list[dict[str, object]] | None = [] if as_json else None
        self._atr: bytes | None = None

    def begin(self, atr: bytes) -> None:
        """The card was powered on."""
        self._atr = atr
        if self._exchanges is None:
            say(f"# ATR {atr.hex().upper()}")

    def say(
        self,
        number: int,
        count: int,
        command: WrittenCommand,
        answer: bytes,
        reason: dict[str, object] | None,
    ) -> None:
        """One exchange, with the *reason* of a refusal. Raises CliError when the answer is not the expected one."""
        from bifente.apdu import ResponseAPDU
        from bifente.traces import Exchange

        sw = ResponseAPDU.parse(answer).sw
        masked = self._masker.mask(command.raw, answer)
        asked, said = (command.raw.hex(), answer.hex()) if self._secrets else (one.hex() for one in masked)
        words = None if self._follower is None else self._follower.explain(Exchange(*masked)).text
        if self._exchanges is None:
            say(f"> {asked.upper()}")
            say(f"< {said[:-4].upper()}{' ' if len(said) > 4 else ''}{sw}")
            if words:
                say(f"  {words}")
            if reason is not None:
                say(f"  {reason['sentence']} ({reason['clause']})")
        else:
            self._exchanges.append(
                {
                    "command": asked.upper(),
                    "data": said[:-4].upper(),
                    "sw": f"{sw:04X}",
                    "meaning": sw.meaning,
                    "expected": None if command.expected is None else str(command.expected),
                    **({} if words is None else {"words": words}),
                    **({} if reason is None else {"why": reason}),
                }
            )
        if command.expected is not None and not command.expected.matches(sw):
            raise CliError(
                f"command {number} of {count}: the card answered {sw}, expected {command.expected}",
                ExitCode.CARD_REFUSED,
            )

    def end(self) -> None:
        """Print the JSON document, if there was a dialogue."""
        if self._exchanges is not None and self._atr is not None:
            say_json({"atr": self._atr.hex().upper(), "exchanges": self._exchanges})


def _each(texts: Iterator[str], what: str, parse: Callable[[str], _Read], hint: str) -> Iterator[_Read]:
    """Read each text; of several the error says which one is wrong."""
    listed = list(texts)
    for number, text in enumerate(listed, 1):
        try:
            yield parse(text)
        except ApduError as error:
            said = str(error)
            if len(listed) > 1:
                said = f"{what} {number} of {len(listed)}: {said.removeprefix(f'{what}: ')}"
            raise CliError(said, hint=hint) from None


def _lines(arguments: tuple[str, ...]) -> Iterator[str]:
    """The arguments; ``-`` stands for the lines of the standard input without comments."""
    for argument in arguments:
        if argument != "-":
            yield argument
            continue
        # Not decoded as UTF-8: what is not hexadecimal is said to be none, whatever it is.
        size = 0
        while line := sys.stdin.buffer.readline(_LONGEST_INPUT):
            size += len(line)
            if size >= _LONGEST_INPUT:
                raise DocumentTooLong("the standard input", _LONGEST_INPUT)
            text = line.decode("latin-1").partition("#")[0].strip()
            if text:
                yield text
