"""YAML documents of a caisse as checked models: each problem with its line and its place."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bifente.documents import DocumentError, read_text
from bifente.documents.values import Place, field_name
from bifente.documents.yamltext import MAX_SIZE, PlainScalar, YamlDocument, json_scalar, parse_yaml

Model = TypeVar("Model", bound=BaseModel)


class DocumentProblems(Exception):
    """What is wrong with a document: one line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_model(path: Path, kind: type[Model], *, plain: PlainScalar = json_scalar) -> Model:
    """The model in the file at *path*. Raises DocumentProblems, and OSError when it cannot be read."""
    try:
        text = read_text(path, MAX_SIZE)
    except DocumentError as error:
        raise DocumentProblems([str(error)]) from None
    return parse_model(text, str(path), kind, plain=plain)


def parse_model(text: str, source: str, kind: type[Model], *, plain: PlainScalar = json_scalar) -> Model:
    """The model in *text*; *source* names it in errors. Raises DocumentProblems."""
    try:
        document = parse_yaml(text, source, plain=plain)
    except DocumentError as error:
        raise DocumentProblems([str(error)]) from None
    try:
        return kind.model_validate({} if document.value is None else document.value)
    except ValidationError as error:
        found = error.errors()
        places = {one["loc"] for one in found}
        # a list is not too short because one of its items was refused
        within = {place[:size] for place in places for size in range(len(place))}
        raise DocumentProblems(
            [
                _problem(document, one["loc"], one["msg"], one["type"])
                for one in found
                if one["loc"] not in within
            ]
        ) from None


_MESSAGES = {
    "model_type": "members are expected, name: value",
    "model_attributes_type": "members are expected, name: value",
    "dict_type": "members are expected, name: value",
    "tuple_type": "a list is expected",
    "extra_forbidden": "is not known here",
}


def _problem(document: YamlDocument, location: Place, message: str, kind: str) -> str:
    """``caisse.yaml:7: organismes[2]: what is wrong``; items are counted from 1."""
    place = _known_part(document, location)
    if kind == "missing":
        message = f"{location[-1]} is missing"
    elif kind == "union_tag_not_found":
        message = f"{message.partition('discriminator ')[2].strip() or 'a member'} is missing".replace(
            "'", ""
        )
    elif kind == "union_tag_invalid":
        message = message.partition("does not match any of the expected tags: ")[2]
        message = f"one of {message} is expected"
    message = _MESSAGES.get(kind, message).removeprefix("Value error, ")
    return str(DocumentError(document.source, message, line=document.line(place), field=field_name(place)))


def _known_part(document: YamlDocument, location: Place) -> Place:
    """The place without what pydantic puts into it: the kinds of a union, a member that is missing."""
    place: Place = ()
    for part in location:
        if (*place, part) in document.lines:
            place = (*place, part)
    return place
