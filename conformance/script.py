"""Card scripts: the behaviour of a card as data (``scripts/*.yaml``).

A script says for which kinds of card it is and has cases; a case has steps. A step is a text::

    00A4040C023F00 -> 9000                 a command, and the status word it must be answered with
    00B0000004 -> 80430?B8 9000            data, then the status word; . is any digit, * any bytes
    00B09C0010 -> 5A0A* 9000|6282          one status word of several
    002000010431323334 -> 63C.             any counter
    reset | cold reset                     as it says

or a mapping ``{send, expect, keep, differs, equals}``: *keep* gives the answer's data a name, *differs* and *equals*
compare them with kept ones. In a command ``{pin}``, ``{puk}``, ``{wrong_pin}``, ``{wrong_puk}``, ``{new_pin}``, ``{last_digit_wrong}``, ``{first_digit_wrong}``, ``{one_digit_more}`` are the
digits in ASCII, with ``+`` behind the name preceded by their length; ``{pin+new_pin}`` is both, one after the other,
preceded by their length; ``{name}`` is kept data.

A command goes to the card *whole*: 61xx is fetched and 6Cxx repeated, whatever the transport. With ``raw: true`` it
goes as it stands and the answer is compared as it comes: there 61xx and 6Cxx are what is tested, and the card must
speak T=0.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from bifente.conformance.errors import ScriptError, ScriptProblem
from bifente.documents import DocumentError
from bifente.documents.values import JsonValue, Place, field_name
from bifente.documents.yamltext import YamlDocument, parse_yaml, truth_scalar
from bifente.layouts.registry import kinds


def _known_kind(name: str) -> str:
    if name not in kinds():
        raise ValueError(f"a kind of card expected: {', '.join(kinds())}")
    return name


Kind = Annotated[str, AfterValidator(_known_kind)]

_COMMAND: Final = re.compile(r"(?:[0-9A-Fa-f]{2}|\{[a-z_0-9]+\+?[a-z_0-9]*\}|\s)*")
_ANSWER: Final = re.compile(r"(?:[0-9A-Fa-f.]{2}|\*|\s)*?\s*[0-9A-Fa-f.]{4}(?:\|[0-9A-Fa-f.]{4})*")


class StepModel(BaseModel):
    """One step: a reset, or a command with what must come."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    send: str
    expect: str = ""
    keep: str | None = None
    differs: str | None = None
    equals: str | None = None
    why: str | None = None

    @field_validator("send")
    @classmethod
    def _is_command(cls, text: str) -> str:
        if text not in ("reset", "cold reset") and (not text.strip() or not _COMMAND.fullmatch(text)):
            raise ValueError(f"{text!r} is not a command in hexadecimal")
        return text

    @field_validator("expect")
    @classmethod
    def _is_answer(cls, text: str) -> str:
        if text and not _ANSWER.fullmatch(text.strip()):
            raise ValueError(f"{text!r} is not an answer: data and status word in hexadecimal, with . and *")
        return text

    @property
    def is_reset(self) -> bool:
        """No command, but a reset."""
        return self.send.endswith("reset")


def _step(value: object) -> object:
    if not isinstance(value, str):
        return value
    send, arrow, expect = value.partition("->")
    if not arrow and value not in ("reset", "cold reset"):
        raise ValueError("a step is COMMAND -> ANSWER, reset or cold reset")
    if arrow and not expect.strip():
        raise ValueError("what must come stands behind ->")
    return {"send": send.strip(), "expect": expect.strip()}


class CaseModel(BaseModel):
    """One case of a script."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: str
    clause: Annotated[str, Field(min_length=3)]
    needs: tuple[Literal["pin", "puk", "destructive", "known"], ...] = ()
    raw: bool = False
    steps: Annotated[tuple[StepModel, ...], Field(min_length=1)]
    restore: tuple[StepModel, ...] = ()
    """Done afterwards, however the case ended; what comes is not looked at."""

    @field_validator("steps", "restore", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        if not isinstance(value, list):
            raise ValueError("a list of steps is expected")
        return value

    @field_validator("clause")
    @classmethod
    def _names_a_source(cls, text: str) -> str:
        return text.strip()


class ScriptModel(BaseModel):
    """A script: one suite, the kinds of card it is for, and its cases. ``before`` opens every case after a reset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: Literal["iso7816", "cps", "vitale", "terminal"]
    cards: Annotated[tuple[Kind, ...], Field(min_length=1)]
    before: tuple[StepModel, ...] = ()
    cases: Annotated[tuple[CaseModel, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read, and where its cases stand."""

    source: str
    model: ScriptModel
    lines: tuple[int, ...]
    """The line of each case."""


def parse_script(text: str, source: str) -> Script:
    """Read a script; *source* names it in errors. Raises ScriptError with every problem and its line."""
    try:
        document = parse_yaml(text, source, plain=truth_scalar)
    except DocumentError as error:
        message = f"{error.field}: {error.message}" if error.field else error.message
        raise ScriptError([ScriptProblem(source, error.line, message)]) from None
    problems: list[ScriptProblem] = []
    value = _with_steps(document.value, (), document, problems)
    if problems:
        raise ScriptError(problems)
    try:
        model = ScriptModel.model_validate(value)
    except ValidationError as error:
        raise ScriptError(
            [
                ScriptProblem(source, document.line(detail["loc"]), _message(detail["loc"], detail["msg"]))
                for detail in error.errors(include_url=False)
            ]
        ) from None
    twice = list(_twice(model, document))
    if twice:
        raise ScriptError(twice)
    return Script(source, model, tuple(document.line(("cases", at)) for at in range(len(model.cases))))


def _with_steps(
    value: JsonValue, place: Place, document: YamlDocument, problems: list[ScriptProblem]
) -> object:
    """The value with the steps that are written as text taken apart."""
    if isinstance(value, Mapping):
        return {key: _with_steps(item, (*place, key), document, problems) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_with_steps(item, (*place, at), document, problems) for at, item in enumerate(value)]
    if len(place) > 1 and place[-2] in ("steps", "restore", "before"):
        try:
            return _step(value)
        except ValueError as error:
            problems.append(ScriptProblem(document.source, document.line(place), str(error)))
    return value


def _message(place: Place, message: str) -> str:
    name = field_name(place)
    return f"{name}: {message}" if name else message


def _twice(model: ScriptModel, document: YamlDocument) -> Iterator[ScriptProblem]:
    seen: set[str] = set()
    for at, case in enumerate(model.cases):
        if case.id in seen:
            line = document.line(("cases", at))
            yield ScriptProblem(document.source, line, f"the case {case.id} stands twice")
        seen.add(case.id)


@cache
def shipped_scripts() -> tuple[Script, ...]:
    """The scripts that come with bifente, by their file names. Raises ScriptError."""
    folder = resources.files("bifente.conformance") / "scripts"
    entries = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda e: e.name
    )
    return tuple(parse_script(entry.read_text(encoding="utf-8"), entry.name) for entry in entries)
