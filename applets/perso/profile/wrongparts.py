"""Where in a value a codec finds it wrong: the codec says what, its declaration says where."""

from collections.abc import Iterator, Mapping, Sequence

from bifente.documents.values import Place
from bifente.layouts.codec import Codec, JsonValue, PaddedCodec
from bifente.layouts.codecs.businessvalues import Forms, ShortObject, ShortObjects
from bifente.layouts.codecs.template import OTHERS, Element, ListOf, Template, Wrapped
from bifente.layouts.errors import LayoutError

Part = tuple[Place, str]
"""Where, by keys and positions from 0, and what is said of it."""


class WrongParts(ValueError):
    """What is wrong inside of a part of a profile; the paths of ``parts`` begin there. The message is that of the first."""

    def __init__(self, *parts: Part) -> None:
        super().__init__(parts[0][1])
        self.parts = parts


def check(codec: Codec, value: JsonValue, path: Place) -> list[Part]:
    """What *codec* does not take of *value*, which stands at *path*; nothing when it takes it."""
    try:
        codec.encode(value)
    except LayoutError as error:
        return list(_inside(codec, value, path)) or [(path, str(error))]
    return []


def _inside(codec: Codec, value: JsonValue, path: Place) -> Iterator[Part]:
    """The parts of *value* that are wrong by themselves."""
    if isinstance(codec, Forms):
        codec = codec.before if codec.is_before_value(value) else codec.now
    if isinstance(codec, PaddedCodec | Wrapped | ShortObject):
        if value is not None:
            yield from _inside(codec.inner, value, path)
    elif isinstance(codec, ShortObjects) and isinstance(value, Mapping) and codec.key in value:
        yield from _items(codec.inner, value[codec.key], (*path, codec.key))
    elif isinstance(codec, ListOf):
        yield from _items(codec.inner, value, path)
    elif isinstance(codec, Template) and isinstance(value, Mapping):
        elements = {element.key: element for element in codec.elements}
        for key in value:
            if key not in elements and key != OTHERS:
                yield (*path, key), "is not known here"
        for key, element in elements.items():
            if key in value:
                yield from _element(element, value[key], (*path, key))
            elif not element.optional and not element.many:
                yield (*path, key), "is missing"


def _element(element: Element, value: JsonValue, path: Place) -> Iterator[Part]:
    if element.many:
        yield from _items(element.content, value, path)
    else:
        yield from check(element.content, value, path)


def _items(codec: Codec, value: JsonValue, path: Place) -> Iterator[Part]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        yield path, "a list expected"
        return
    for at, item in enumerate(value):
        yield from check(codec, item, (*path, at))
