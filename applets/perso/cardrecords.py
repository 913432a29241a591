"""The records of a card as personalisation writes and reads them (names and forms are the kernel's)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from bifente.applets.kernel.files import encode_content, file_record, record_value, value_record
from bifente.applets.kernel.growth import grown
from bifente.applets.kernel.records import layout_of as layout_of_kind
from bifente.applets.kernel.records import read_meta
from bifente.applets.perso.errors import PersoError
from bifente.layouts.codec import JsonValue
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import EF, Layout
from bifente.slotted import dataclass

Records: TypeAlias = Mapping[str, bytes]
"""All records of a card by name."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a card says of itself."""

    kind: str
    serial: str
    environment: str
    created: str
    profile: dict[str, JsonValue]
    """Without keys, PINs and state."""
    atr: str | None = None
    opposed: str | None = None
    form: int | None = None
    """Of the business data that a professional's card was made with; cards of form 1 do not say it."""

    @property
    def environment_name(self) -> str:
        """The environment as a profile names it."""
        return {"T": "test", "P": "production-like"}.get(self.environment, self.environment)

    def record(self) -> bytes:
        """The record ``meta``."""
        fields = {
            "kind": self.kind,
            "serial": self.serial,
            "environment": self.environment,
            "created": self.created,
            "profile": self.profile,
            "atr": self.atr,
            "opposed": self.opposed,
            "form": self.form,
        }
        present = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(present, ensure_ascii=False, separators=(",", ":")).encode()


def meta_of(records: Records) -> Meta:
    """What the card says of itself. Raises CorruptCard."""
    fields = read_meta(records)
    profile = fields.get("profile", {})
    assert isinstance(profile, dict)  # read_meta has looked
    optional = {name: str(fields[name]) for name in ("atr", "opposed") if name in fields}
    form = fields.get("form")
    return Meta(
        kind=str(fields.get("kind", "")),
        serial=str(fields.get("serial", "")),
        environment=str(fields.get("environment", "")),
        created=str(fields.get("created", "")),
        profile=profile,
        form=form if isinstance(form, int) else None,
        **optional,
    )


def layout_of(records: Records) -> Layout:
    """The layout of the card with the files that commands have created. Raises CorruptCard when its kind is not known."""
    return grown(layout_of_kind(meta_of(records).kind), records)


def content_record(node: EF, path: str, value: JsonValue) -> bytes:
    """The record of a file whose decoded content is *value*, in the form that reading it back would give.

    Raises PersoError when the codec does not take the value.
    """
    try:
        return value_record(node.codec.decode(node.codec.encode(value)))
    except LayoutError as error:
        raise PersoError(f"{node.name} ({path}): {error}") from None


def content_value(records: Records, path: str) -> JsonValue:
    """The decoded content of a file; bytes that do not decode as ``{"hex": …}``. KeyError without the file."""
    name = file_record(path)
    decoded, value = record_value(name, records[name])
    return value if decoded else {"hex": str(value)}


def content_bytes(records: Records, node: EF, path: str) -> bytes:
    """What READ BINARY reads. KeyError without the file; CorruptCard."""
    name = file_record(path)
    return encode_content(node, name, records[name])


def file_named(layout: Layout, place: str) -> tuple[str, EF]:
    """Path and EF of a file given by its path or its name. KeyError without one."""
    try:
        return place, layout.file(place)
    except KeyError:
        return layout.named(place)


def card_files(records: Records, layout: Layout) -> Iterator[tuple[str, EF]]:
    """The files that are on the card, in the order of the layout."""
    for path, node in layout.walk():
        if isinstance(node, EF) and file_record(path) in records:
            yield path, node


def texts_of(value: JsonValue) -> Iterator[str]:
    """All texts in a decoded value; keys are none of it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | Sequence):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from texts_of(item)
