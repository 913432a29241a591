"""The members of one JSON object, taken one by one: what is missing, of another kind or left over is named with its place."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NoReturn

from bifente.documents.errors import DocumentError
from bifente.documents.values import JsonValue, Place, field_name


class Fields:
    """An object of the document *source*, at *place* in it. Every method raises DocumentError naming the member."""

    def __init__(self, value: JsonValue, source: str, place: Place = ()) -> None:
        self._source = source
        self._place = place
        if not isinstance(value, Mapping):
            self.refuse("an object was expected")
        self._members = value
        self._taken: set[str] = set()

    def refuse(self, message: str, name: str | None = None) -> NoReturn:
        """Raise the error about the member *name*, or about the object."""
        place = self._place if name is None else (*self._place, name)
        raise DocumentError(self._source, message, field=field_name(place))

    def has(self, name: str) -> bool:
        """There is a member *name*, perhaps null."""
        return name in self._members

    def take(self, name: str) -> JsonValue:
        """The member *name*, of any kind."""
        if name not in self._members:
            self.refuse("is missing", name)
        self._taken.add(name)
        return self._members[name]

    def text(self, name: str) -> str:
        """A string."""
        value = self.take(name)
        if not isinstance(value, str):
            self.refuse("a string was expected", name)
        return value

    def integer(self, name: str, least: int = 0, most: int | None = None) -> int:
        """An integer from *least* to *most*."""
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse("an integer was expected", name)
        if value < least or (most is not None and value > most):
            until = "" if most is None else f" to {most}"
            self.refuse(f"an integer from {least}{until} was expected", name)
        return value

    def number(self, name: str) -> float:
        """A finite number."""
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
            self.refuse("a number was expected", name)
        return float(value)

    def truth(self, name: str) -> bool:
        """true or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            self.refuse("true or false was expected", name)
        return value

    def day(self, name: str) -> date:
        """A date, ``AAAA-MM-JJ``."""
        text = self.text(name)
        try:
            found = date.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.isoformat() != text:
            self.refuse("a date AAAA-MM-JJ was expected", name)
        return found

    def items(self, name: str) -> list[JsonValue]:
        """A list."""
        value = self.take(name)
        if not isinstance(value, list):
            self.refuse("a list was expected", name)
        return value

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        found = []
        for at, item in enumerate(self.items(name)):
            if not isinstance(item, str):
                raise DocumentError(
                    self._source, "a string was expected", field=field_name((*self._place, name, at))
                )
            found.append(item)
        return found

    def objects(self, name: str) -> Iterator["Fields"]:
        """The objects of a list."""
        for at, item in enumerate(self.items(name)):
            yield Fields(item, self._source, (*self._place, name, at))

    def object(self, name: str) -> "Fields":
        """An object."""
        return Fields(self.take(name), self._source, (*self._place, name))

    def text_map(self, name: str) -> dict[str, str]:
        """An object whose members are strings."""
        inner = self.object(name)
        return {key: inner.text(key) for key in inner.names()}

    def names(self) -> tuple[str, ...]:
        """The names of all members."""
        return tuple(self._members)

    def end(self) -> None:
        """Refuse members that were not taken."""
        for name in self._members:
            if name not in self._taken:
                self.refuse("is not known here", name)
