"""YAML read so that nothing is guessed and every error knows its line.

A subset of YAML 1.2: mappings with texts as keys, sequences and scalars. What a plain scalar means is the caller's: by
default what JSON would take it for (``true``, ``null``, ``12``), and everything else, ``0123`` and ``2026-01-31`` among it,
is text: a serial number keeps its zeros. Tags, aliases, duplicate keys, more than :data:`MAX_DEPTH` levels,
:data:`MAX_NODES` parts and :data:`MAX_SIZE` characters are refused, the first four as soon as they are met.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import yaml

from bifente.documents.errors import DocumentError, DocumentTooLong
from bifente.documents.values import JsonValue, Place, field_name
from bifente.documents.visible import visible

MAX_SIZE: Final = 1 << 20
MAX_DEPTH: Final = 32
MAX_NODES: Final = 20_000

PlainScalar = Callable[[str], JsonValue]
"""What a scalar without quotes means."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_BLOCK: Final = re.compile(r"([!-~]([ -~]*[!-~])?\n)+")
_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value"})
"""What PyYAML may have guessed of a scalar; an explicit tag of another kind is refused."""
_WORDS: Final[dict[str, JsonValue]] = {"": None, "~": None, "null": None, "true": True, "false": False}


def json_scalar(text: str) -> JsonValue:
    """``true``, ``false``, ``null``, nothing and integers of up to 18 digits; everything else is text."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) and text != "-0" else text


def text_scalar(text: str) -> JsonValue:
    """Text, whatever it looks like: 6300 is a status word, not a number."""
    return text


def truth_scalar(text: str) -> JsonValue:
    """``true`` and ``false``; everything else is text."""
    return text == "true" if text in ("true", "false") else text


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A document and the lines (from 1) of its parts: of the key for a member, of the item in a sequence."""

    source: str
    value: JsonValue
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of the part at *place*, or of the nearest part around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def parse_yaml(text: str, source: str, *, plain: PlainScalar = json_scalar) -> YamlDocument:
    """The document in *text*; *source* names it in errors. Raises DocumentError with the line and the part."""
    if len(text) > MAX_SIZE:
        raise DocumentTooLong(source, MAX_SIZE)
    try:
        loader = _Composer(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise DocumentError(source, f"not YAML: {error.problem or error.context}", line=line) from None
    except yaml.YAMLError as error:
        raise DocumentError(source, f"not YAML: {_first_line(error)}", line=1) from None
    except _Refused as error:
        raise DocumentError(source, str(error), line=error.line) from None
    reader = _Reader(source, plain)
    value = None if node is None else reader.value(node, ())
    return YamlDocument(source, value, reader.lines | {(): 1})


class _Refused(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Composer(yaml.SafeLoader):
    """Composes nodes, and stops where the document is deeper or has more parts than any of ours."""

    depth = 0
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]  # types-PyYAML leaves it open
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Refused(f"more than {MAX_NODES} parts", line)
        if self.depth > MAX_DEPTH:
            raise _Refused("nested too deeply", line)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Reader:
    def __init__(self, source: str, plain: PlainScalar) -> None:
        self.source = source
        self.plain = plain
        self.lines: dict[Place, int] = {}
        self.seen: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> JsonValue:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self.seen:
            message = "aliases are not taken: write the value again"
            # the node stands where it was named; the key where it is used
            raise DocumentError(self.source, message, line=self.lines[place], field=field_name(place))
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item, (*place, at)) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag.removeprefix(_TAG) in _SCALARS:
            text = str(node.value)
            return self.plain(text) if node.style is None else text
        raise self._refused(node, place, f"the tag {node.tag} is not taken")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> JsonValue:
        fields: dict[str, JsonValue] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._refused(key_node, place, "a key is a text")
            key = str(key_node.value)
            here = (*place, key)
            if key in fields:
                raise self._refused(key_node, here, "stands twice")
            self.lines[here] = key_node.start_mark.line + 1
            fields[key] = self.value(value_node, here)
        return fields

    def _refused(self, node: yaml.Node, place: Place, message: str) -> DocumentError:
        line = node.start_mark.line + 1
        return DocumentError(self.source, message, line=line, field=field_name(place))


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


def write_yaml(value: object) -> str:
    """YAML that :func:`parse_yaml` reads back to the same value: nothing but what JSON can say."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    # What is not to be seen stands in double quotes, where YAML has the same escapes.
    return "\n".join(map(visible, text.split("\n")))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
