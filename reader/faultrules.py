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
``removed``     the card is pulled out before it answers
``endless61``   ``61xx`` with ``xx`` = ``available`` (16; 1 to 256), and again for each GET RESPONSE, with that much of nothing
``delay``       ``seconds`` pass before the answer
==============  ====================================================================================================

``executed`` says whether the card carries the command out before things go wrong: a try is used up, a file written. It
is false when left out.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bifente.reader.errors import ReaderError

MAX_SIZE: Final = 1 << 20
MAX_SECONDS: Final = 3600.0

_DIGITS: Final = re.compile(r"(?:[0-9A-F?]{2})*\*?")
_LIMIT_DEPTH: Final = 8


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


class Rule(BaseModel):
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


class Status(Rule):
    """The answer is another status word."""

    fault: Literal["status"]
    sw: TwoBytes
    executed: bool = False


class Truncated(Rule):
    """The answer is too short. The card has carried the command out."""

    fault: Literal["truncated"]
    keep: Annotated[int, Field(ge=0, le=0xFFFF)]
    status_word: bool = True

    @model_validator(mode="after")
    def _long_enough(self) -> "Truncated":
        if not self.status_word and self.keep < 2:
            raise ValueError("every answer has two bytes at least: keep 2 or more, or the status word")
        return self


class Mute(Rule):
    """No answer until the next reset."""

    fault: Literal["mute"]
    seconds: Seconds = 0.0
    executed: bool = False


class Removed(Rule):
    """The card is pulled out during the command."""

    fault: Literal["removed"]
    executed: bool = False


class Endless61(Rule):
    """More data are always waiting."""

    fault: Literal["endless61"]
    available: Annotated[int, Field(ge=1, le=256)] = 16
    executed: bool = False


class Delay(Rule):
    """The answer comes late."""

    fault: Literal["delay"]
    seconds: Seconds


AnyRule = Annotated[Status | Truncated | Mute | Removed | Endless61 | Delay, Field(discriminator="fault")]


FAULTS: Final = ("status", "truncated", "mute", "removed", "endless61", "delay")


class FaultRules(BaseModel):
    """A file of faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    faults: tuple[AnyRule, ...]


def read_faults(path: Path) -> FaultRules:
    """The rules in the file at *path*. Raises FaultFileError, and OSError when it cannot be read."""
    raw = path.read_bytes()
    if len(raw) > MAX_SIZE:
        raise FaultFileError([f"{path}: longer than {MAX_SIZE >> 20} MiB"])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FaultFileError([f"{path}:{line}: not UTF-8"]) from None
    return parse_faults(text, str(path))


def parse_faults(text: str, source: str = "faults") -> FaultRules:
    """The rules in *text*; *source* names it in errors. Raises FaultFileError."""
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise FaultFileError([f"{source}:{line}: {error.problem or 'not YAML'}"]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise FaultFileError([f"{source}:1: not YAML ({type(error).__name__})"]) from None
    plain = _Plain(source)
    value = plain.value(node, ()) if node is not None else {}
    try:
        return FaultRules.model_validate(value)
    except ValidationError as error:
        raise FaultFileError(
            [plain.problem(problem["loc"], problem["msg"], problem["type"]) for problem in error.errors()]
        ) from None


Value = str | list["Value"] | dict[str, "Value"]


@dataclass(slots=True)
class _Plain:
    """A YAML document as texts, lists and dicts: PyYAML would take 6300 for a number and 0020 for sixteen."""

    source: str
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, path: tuple[str | int, ...]) -> Value:
        """The value of *node*; notes on the way in which line each part stands."""
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if len(path) > _LIMIT_DEPTH or id(node) in self.seen:
            raise FaultFileError([f"{self.source}:{line}: nested too deeply, or an alias"])
        self.seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        members: dict[str, Value] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise FaultFileError([f"{self.source}:{line}: a name is expected before the colon"])
            name = str(key.value)
            if name in members:
                raise FaultFileError([f"{self.source}:{line}: {name} stands there twice"])
            self.lines[(*path, name)] = line
            members[name] = self.value(item, (*path, name))
        return members

    def problem(self, location: tuple[str | int, ...], message: str, kind: str) -> str:
        """``faults.yaml:7: faults[2].sw: what is wrong``; items are counted from 1."""
        # pydantic puts the kind of fault into the path, between the item and its member.
        path = location[:2] + location[3:] if len(location) > 2 else location
        if kind == "missing" and path:
            message = f"{path[-1]} is missing"
            path = path[:-1]
        elif kind == "union_tag_not_found":
            message = "fault is missing"
        elif kind == "union_tag_invalid":
            message = f"there is no such fault; there are {', '.join(FAULTS)}"
            path = (*path, "fault")
        elif kind in ("model_type", "model_attributes_type", "dict_type"):
            message = "members are expected, name: value"
        elif kind == "tuple_type":
            message = "a list is expected"
        elif kind == "extra_forbidden":
            message = "there is no such condition or setting"
        name = ""
        for part in path:
            name += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if name else part
        while path and path not in self.lines:
            path = path[:-1]
        message = message.removeprefix("Value error, ")
        return f"{self.source}:{self.lines.get(path, 1)}: {name + ': ' if name else ''}{message}"


def _matches(pattern: str, digits: str) -> bool:
    """The hexadecimal digits are those of the pattern, as far as it fixes them."""
    if pattern.endswith("*"):
        pattern = pattern[:-1]
        digits = digits[: len(pattern)]
    return len(pattern) == len(digits) and all(
        one in ("?", other) for one, other in zip(pattern, digits, strict=True)
    )
