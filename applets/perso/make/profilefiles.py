"""Profiles as files: YAML with line numbers in every error."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bifente.applets.families import family_of
from bifente.applets.kernel.records import layout_of
from bifente.applets.perso.cardrecords import file_named
from bifente.applets.perso.errors import ProfileError, ProfileProblem
from bifente.applets.perso.profile.model import Profile
from bifente.applets.perso.profile.shipped import shipped_text
from bifente.applets.perso.profile.wrongparts import Part, WrongParts, check
from bifente.documents import DocumentError, read_bytes, read_text
from bifente.documents.values import JsonValue, Place, field_name
from bifente.documents.yamltext import MAX_SIZE, YamlDocument, parse_yaml
from bifente.layouts.registry import kinds

_SUFFIXES = (".yaml", ".yml")
_KEY_FILE_LIMIT = 1 << 16


def read_profile(name: str) -> Profile:
    """The profile in the file *name*, or the shipped one of that name. Raises ProfileError, PersoError, DocumentError or OSError.

    A name without folder and suffix is a shipped profile.
    """
    if not name.endswith(_SUFFIXES) and Path(name).name == name:
        return parse_profile(shipped_text(name), f"{name}.yaml")
    path = Path(name)
    try:
        text = read_text(path, MAX_SIZE)
    except DocumentError as error:
        if not error.line:  # not a document at all: the path says which, better than its last part
            raise
        raise ProfileError([ProfileProblem(path.name, error.line, "", error.message)]) from None
    return parse_profile(text, path.name, path.parent)


def parse_profile(text: str, source: str, folder: Path | None = None) -> Profile:
    """The profile in *text*; *source* names it in errors, *folder* is where its key files are looked for.

    Raises ProfileError, with every problem that was found and the line of each.
    """
    try:
        document = parse_yaml(text, source)
    except DocumentError as error:
        raise ProfileError([ProfileProblem(source, error.line, error.field, error.message)]) from None
    return validate_profile(document, folder)


def validate_profile(document: YamlDocument, folder: Path | None = None) -> Profile:
    """The profile that a document says. Raises ProfileError."""
    value = document.value
    if not isinstance(value, dict):
        raise ProfileError([_problem(document, (), "a profile is a mapping that begins with kind: …")])
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in kinds():
        raise ProfileError([_problem(document, ("kind",), f"one of {', '.join(kinds())} expected")])
    model = family_of(kind).model(value)
    value = _with_key_files(document, value, folder)
    try:
        profile = model.model_validate(value)
    except ValidationError as error:
        raise ProfileError(_problems(document, error)) from None
    wrong = _wrong_files(profile)
    if wrong:
        raise ProfileError(_sorted(document, wrong))
    return profile


def _problem(document: YamlDocument, place: Place, message: str) -> ProfileProblem:
    return ProfileProblem(document.source, document.line(place), field_name(place), message)


def _problems(document: YamlDocument, error: ValidationError) -> list[ProfileProblem]:
    found: list[Part] = []
    for one in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in one["loc"] if part != "[key]")
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, WrongParts):
            found += [((*path, *inner), message) for inner, message in cause.parts]
        else:
            found.append((path, said_of(one)))
    return _sorted(document, found)


def _sorted(document: YamlDocument, found: list[Part]) -> list[ProfileProblem]:
    problems = {_problem(document, _known_part(document, path), message) for path, message in found}
    return sorted(problems, key=lambda problem: (problem.line, problem.field))


def _wrong_files(profile: Profile) -> list[Part]:
    """What ``files`` says of files that this kind of card has not, or that does not go into them."""
    layout = layout_of(profile.kind)
    wrong: list[Part] = []
    for place, content in profile.files.items():
        try:
            _, node = file_named(layout, place)
        except KeyError:
            wrong.append((("files", place), "is not a file of this card"))
            continue
        if not content.absent and content.raw is None:
            wrong += check(node.codec, content.value, ("files", place, "value"))
    return wrong


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "model_type": "a mapping of fields expected",
    "model_attributes_type": "a mapping of fields expected",
    "dict_type": "a mapping expected",
    "list_type": "a list expected",
    "string_type": "a text expected",
    "int_type": "a number expected",
    "int_parsing": "a number expected",
    "bool_type": "true or false expected",
    "bool_parsing": "true or false expected",
    "literal_error": "{expected} expected",
    "greater_than_equal": "{ge} or more expected",
    "less_than_equal": "{le} or less expected",
    "too_long": "at most {max_length} expected, not {actual_length}",
    "string_too_short": "a text expected that is not empty",
}
"""What is said of the errors of pydantic; those that are ours bring their own words."""


def said_of(error: ErrorDetails) -> str:
    """An error of a profile's field in words."""
    words = _SAID.get(error["type"])
    if words is None:
        return error["msg"].removeprefix("Value error, ")
    return words.format(**error.get("ctx", {}))


def _known_part(document: YamlDocument, path: Place) -> Place:
    """The path without what pydantic adds to it (keys read as numbers stay texts in the document)."""
    made: Place = ()
    for part in path:
        text = (*made, str(part))
        made = text if text in document.lines and (*made, part) not in document.lines else (*made, part)
    return made


def _with_key_files(
    document: YamlDocument, value: Mapping[str, JsonValue], folder: Path | None
) -> dict[str, JsonValue]:
    """The profile with the contents of the key files that it names."""
    keys = value.get("keys")
    if not isinstance(keys, dict):
        return dict(value)
    read = {}
    for name, text in keys.items():
        if isinstance(text, str) and "-----BEGIN" not in text:
            try:
                read[name] = _key_file(Path(folder or ".", text))
            except DocumentError as error:
                raise ProfileError([_problem(document, ("keys", name), f"{text}: {error.message}")]) from None
            except (OSError, ValueError) as error:
                why = error.strerror if isinstance(error, OSError) and error.strerror else "not a PEM file"
                raise ProfileError([_problem(document, ("keys", name), f"{text}: {why}")]) from None
    return {**value, "keys": {**keys, **read}}


def _key_file(path: Path) -> str:
    return read_bytes(path, _KEY_FILE_LIMIT).decode("ascii")
