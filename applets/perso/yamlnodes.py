"""YAML read so that nothing is guessed and every error knows its line.

A subset of YAML 1.2: mappings with texts as keys, sequences and scalars. Plain scalars are what JSON would take them for
(``true``, ``null``, ``12``); everything else, ``0123`` and ``2026-01-31`` among it, is text: a serial number keeps its
zeros. Tags, aliases, duplicate keys, depths above 32 and documents above 4 MiB are refused.
"""

import re
from dataclasses import dataclass

import yaml

from bifente.applets.perso.errors import Problem, ProfileError
from bifente.layouts.codec import JsonValue

MAX_SIZE = 4 << 20
MAX_DEPTH = 32

Path = tuple[str | int, ...]
"""Keys and indices (from 0) from the top of the document."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_BLOCK = re.compile(r"([!-~]([ -~]*[!-~])?\n)+")
_SCALARS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value"})
"""What PyYAML may have guessed of a scalar; an explicit tag of another kind is refused."""
_WORDS: dict[str, JsonValue] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Document:
    """A document and the lines (from 1) of its parts: of the key for a member, of the item in a sequence."""

    source: str
    value: JsonValue
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of the part at *path*, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, message: str) -> Problem:
        """What is wrong at *path*."""
        return Problem(self.source, self.line(path), field_name(path), message)


def field_name(path: Path) -> str:
    """``beneficiaires[2].nom``, items counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(text: str, source: str) -> Document:
    """The document in *text*; *source* names it in errors. Raises ProfileError."""
    if len(text) > MAX_SIZE:
        raise ProfileError([Problem(source, 1, "", f"longer than {MAX_SIZE >> 20} MiB")])
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise ProfileError(
            [Problem(source, line, "", f"not YAML: {error.problem or error.context}")]
        ) from None
    except yaml.YAMLError as error:
        raise ProfileError([Problem(source, 1, "", f"not YAML: {_first_line(error)}")]) from None
    except RecursionError:
        raise ProfileError([Problem(source, 1, "", "nested too deeply")]) from None
    document = Document(source, None, {(): 1})
    if node is None:
        return document
    reader = _Reader(document)
    value = reader.value(node, ())
    return Document(source, value, document.lines)


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> JsonValue:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > MAX_DEPTH:
            raise self._refused(node, path, "nested too deeply")
        if id(node) in self.seen:
            raise self._refused(node, path, "aliases are not taken: write the value again")
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag.removeprefix("tag:yaml.org,2002:") in _SCALARS:
            return self._scalar(node)
        raise self._refused(node, path, f"the tag {node.tag} is not taken")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> JsonValue:
        fields: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._refused(key_node, path, "a key is a text")
            key = str(key_node.value)
            here = (*path, key)
            if key in fields:
                raise self._refused(key_node, here, "stands twice")
            self.document.lines[here] = key_node.start_mark.line + 1
            fields[key] = self.value(value_node, here)
        return fields

    @staticmethod
    def _scalar(node: yaml.ScalarNode) -> JsonValue:
        text = str(node.value)
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        return int(text) if _INTEGER.fullmatch(text) and text != "-0" else text

    def _refused(self, node: yaml.Node, path: Path, message: str) -> ProfileError:
        line = node.start_mark.line + 1
        return ProfileError([Problem(self.document.source, line, field_name(path), message)])


class _Dumper(yaml.SafeDumper):
    """Block style, lists indented, texts of several lines as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """PEM and the like as a block; what is not plain printable text in quotes, as PyYAML folds odd line breaks."""
    style = "|" if _BLOCK.fullmatch(text) else None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write_document(value: JsonValue) -> str:
    """YAML that :func:`read_document` reads back to the same value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
