"""The file of ``--faults``: which commands go wrong, and how.

.. code-block:: yaml

    seed: 7                  # for the probabilities; 0 when left out
    faults:
      - ins: [2A, 88]        # instruction byte, or several
        nth: 3               # only the third such command, or [1, 3]
        fault: status
        sw: 6F00
      - p1p2: 9E9A
        probability: 0.1     # one in ten
        times: 5             # five times at most
        fault: delay
        seconds: 2.5
      - pattern: 00 B0 ?? 00 *   # hexadecimal; ? is any digit, a * at the end any bytes
        fault: truncated
        keep: 8

All conditions of an entry must hold; an entry without any concerns every command. Of the entries that hold, every
delay is waited, and the first other fault happens.

==============  ====================================================================================================
fault           what happens; what it needs
==============  ====================================================================================================
``status``      the answer is the status word ``sw``
``truncated``   of the data only ``keep`` bytes come, then the status word; with ``status_word: false`` the answer
                breaks off after ``keep`` bytes, at least two. (Under T=0 most data come with GET RESPONSE, ``C0``.)
``mute``        no answer, to this command and all that follow until a reset; the link waits ``seconds`` (0) for it
``removed``     the card is pulled out before it answers, and put in again after ``seconds`` if they are given
``unplugged``   the reader is unplugged before the card answers, and plugged in again after ``seconds`` if they are given
``restarted``   the PC/SC service ends before the card answers, and is there again after ``seconds`` (0; at most 30)
``endless61``   ``61xx`` with ``xx`` = ``available`` (16; 1 to 256), and again for each GET RESPONSE, with that much of nothing
``delay``       ``seconds`` pass before the answer
==============  ====================================================================================================

``executed`` says whether the card carries the command out before things go wrong: a try is used up, a file written. It
is false when left out.
"""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bifente.documents import DocumentError, read_text
from bifente.documents.values import Place, field_name
from bifente.documents.yamltext import MAX_SIZE, YamlDocument, parse_yaml, text_scalar
from bifente.reader.errors import MAX_DOWN, ReaderError

MAX_SECONDS: Final = 3600.0

_DIGITS: Final = re.compile(r"(?:[0-9A-F?]{2})*\*?")


class FaultFileError(ReaderError):
    """A file of faults is not what it should be; one line for each problem, with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _hexadecimal(size: int) -> BeforeValidator:
    """A number of *size* bytes, written as hexadecimal digits."""

    def read(value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        text = str(value).upper().removeprefix("0X")
        if not re.fullmatch(rf"[0-9A-F]{{{2 * size}}}", text):
            raise ValueError(f"write {2 * size} hexadecimal digits, not {str(value)!r}")
        return int(text, 16)

    return BeforeValidator(read)


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _pattern(value: object) -> object:
    """Digits in capitals, without the spaces."""
    text = "".join(str(value).upper().split())
    if not text or not _DIGITS.fullmatch(text):
        raise ValueError("write whole bytes in hexadecimal, ? for any digit, * at the end for any bytes")
    return text


Byte = Annotated[int, _hexadecimal(1), Field(ge=0, le=0xFF)]
TwoBytes = Annotated[int, _hexadecimal(2), Field(ge=0, le=0xFFFF)]
Ordinal = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]


class FaultRule(BaseModel):
    """When a fault happens; the kinds of fault extend it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cla: Annotated[tuple[Byte, ...], BeforeValidator(_as_list)] | None = None
    ins: Annotated[tuple[Byte, ...], BeforeValidator(_as_list)] | None = None
    p1p2: Annotated[tuple[TwoBytes, ...], BeforeValidator(_as_list)] | None = None
    pattern: Annotated[str, BeforeValidator(_pattern)] | None = None
    nth: Annotated[tuple[Ordinal, ...], BeforeValidator(_as_list)] | None = None
    """Counted from 1, among the commands that the conditions above admit."""
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    times: Ordinal | None = None
    """The most often it happens."""

    def admits(self, command: bytes) -> bool:
        """The bytes of *command* are such as the rule wants."""
        if self.cla is not None and (not command or command[0] not in self.cla):
            return False
        if self.ins is not None and (len(command) < 2 or command[1] not in self.ins):
            return False
        if self.p1p2 is not None and (len(command) < 4 or int.from_bytes(command[2:4]) not in self.p1p2):
            return False
        return self.pattern is None or _matches(self.pattern, command.hex().upper())


class ReplacedStatus(FaultRule):
    """The answer is another status word."""

    fault: Literal["status"]
    sw: TwoBytes
    executed: bool = False


class Truncated(FaultRule):
    """The answer is too short. The card has carried the command out."""

    fault: Literal["truncated"]
    keep: Annotated[int, Field(ge=0, le=0xFFFF)]
    status_word: bool = True

    @model_validator(mode="after")
    def _long_enough(self) -> "Truncated":
        if not self.status_word and self.keep < 2:
            raise ValueError("every answer has two bytes at least: keep 2 or more, or the status word")
        return self


class Mute(FaultRule):
    """No answer until the next reset."""

    fault: Literal["mute"]
    seconds: Seconds = 0.0
    executed: bool = False


class CardRemoval(FaultRule):
    """The card is pulled out during the command."""

    fault: Literal["removed"]
    seconds: Seconds | None = None
    executed: bool = False


class Unplugged(FaultRule):
    """The reader is unplugged during the command."""

    fault: Literal["unplugged"]
    seconds: Seconds | None = None
    executed: bool = False


class Restarted(FaultRule):
    """The PC/SC service restarts during the command."""

    fault: Literal["restarted"]
    seconds: Annotated[float, Field(ge=0, le=MAX_DOWN, allow_inf_nan=False)] = 0.0
    executed: bool = False


class Endless61(FaultRule):
    """More data are always waiting."""

    fault: Literal["endless61"]
    available: Annotated[int, Field(ge=1, le=256)] = 16
    executed: bool = False


class Delay(FaultRule):
    """The answer comes late."""

    fault: Literal["delay"]
    seconds: Seconds


AnyRule = Annotated[
    ReplacedStatus | Truncated | Mute | CardRemoval | Unplugged | Restarted | Endless61 | Delay,
    Field(discriminator="fault"),
]


FAULTS: Final = ("status", "truncated", "mute", "removed", "unplugged", "restarted", "endless61", "delay")


class FaultRules(BaseModel):
    """A file of faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    faults: tuple[AnyRule, ...]


def read_faults(path: Path) -> FaultRules:
    """The rules in the file at *path*. Raises FaultFileError, and OSError when it cannot be read."""
    try:
        text = read_text(path, MAX_SIZE)
    except DocumentError as error:
        raise FaultFileError([str(error)]) from None
    return parse_faults(text, str(path))


def parse_faults(text: str, source: str = "faults") -> FaultRules:
    """The rules in *text*; *source* names it in errors. Raises FaultFileError."""
    try:
        # as texts: 6300 would be a number otherwise, and 0020 another one than it looks
        document = parse_yaml(text, source, plain=text_scalar)
    except DocumentError as error:
        raise FaultFileError([str(error)]) from None
    try:
        return FaultRules.model_validate({} if document.value is None else document.value)
    except ValidationError as error:
        raise FaultFileError(
            [
                _problem(document, problem["loc"], problem["msg"], problem["type"])
                for problem in error.errors()
            ]
        ) from None


def _problem(document: YamlDocument, location: Place, message: str, kind: str) -> str:
    """``faults.yaml:7: faults[2].sw: what is wrong``; items are counted from 1."""
    # pydantic puts the kind of fault into the place, between the item and its member.
    place = location[:2] + location[3:] if len(location) > 2 else location
    if kind == "missing" and place:
        message = f"{place[-1]} is missing"
        place = place[:-1]
    elif kind == "union_tag_not_found":
        message = "fault is missing"
    elif kind == "union_tag_invalid":
        message = f"there is no such fault; there are {', '.join(FAULTS)}"
        place = (*place, "fault")
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        message = "members are expected, name: value"
    elif kind == "tuple_type":
        message = "a list is expected"
    elif kind == "extra_forbidden":
        message = "there is no such condition or setting"
    message = message.removeprefix("Value error, ")
    return str(DocumentError(document.source, message, line=document.line(place), field=field_name(place)))


def _matches(pattern: str, digits: str) -> bool:
    """The hexadecimal digits are those of the pattern, as far as it fixes them."""
    if pattern.endswith("*"):
        pattern = pattern[:-1]
        digits = digits[: len(pattern)]
    return len(pattern) == len(digits) and all(
        one in ("?", other) for one, other in zip(pattern, digits, strict=True)
    )
