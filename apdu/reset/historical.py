"""The historical bytes of an ATR (ISO/IEC 7816-4:2020 §12.1.1) and the objects that EF.ATR repeats."""

from bifente.slotted import dataclass

COUNTRY_CODE = 0x1
ISSUER_NUMBER = 0x2
CARD_SERVICE_DATA = 0x3
INITIAL_ACCESS_DATA = 0x4
ISSUER_DATA = 0x5
PRE_ISSUING_DATA = 0x6
CARD_CAPABILITIES = 0x7
STATUS_INDICATOR = 0x8
APPLICATION_IDENTIFIER = 0xF

_NAMES = {
    COUNTRY_CODE: "country code",
    ISSUER_NUMBER: "issuer identification number",
    CARD_SERVICE_DATA: "card service data",
    INITIAL_ACCESS_DATA: "initial access data",
    ISSUER_DATA: "card issuer's data",
    PRE_ISSUING_DATA: "pre-issuing data",
    CARD_CAPABILITIES: "card capabilities",
    STATUS_INDICATOR: "status indicator",
    APPLICATION_IDENTIFIER: "application identifier",
}

_COUNTRIES = {"250": "France"}


@dataclass(frozen=True, slots=True)
class StatusIndicator:
    """The status indicator: life cycle status byte and status word, either of which may be missing."""

    life_cycle: int | None
    sw: int | None


@dataclass(frozen=True, slots=True)
class HistoricalBytes:
    """Historical bytes, taken apart as their category indicator says.

    ``category`` is None without any historical byte. ``objects`` are the compact-TLV objects (tag 0 to 15, value) of
    categories ``00`` and ``80``. ``rest`` is what is in no known form: the bytes of a proprietary category, or those
    from the first object on that does not fit.
    """

    category: int | None
    objects: tuple[tuple[int, bytes], ...] = ()
    status: StatusIndicator | None = None
    rest: bytes = b""

    @classmethod
    def parse(cls, raw: bytes) -> "HistoricalBytes":
        """Take 0 to 15 historical bytes apart. Never fails: cards put there what they like.

        Category ``00`` ends with life cycle status and status word outside any object. IAS-ECC cards write ``82 90 00``
        there, the object of category ``80``; it is taken for that object, not for a life cycle status of 82.
        """
        if not raw:
            return cls(None)
        category, body = raw[0], raw[1:]
        if category == 0x00:
            if len(body) < 3:
                return cls(category, rest=body)
            if body[-3] == 0x82:
                objects, rest = _compact(body)
                if not rest:
                    return cls(category, objects, _status_object(objects))
            objects, rest = _compact(body[:-3])
            if rest:
                objects, rest = _compact(body)
                return cls(category, objects, None, rest)
            return cls(category, objects, StatusIndicator(body[-3], body[-2] << 8 | body[-1]))
        if category == 0x80:
            objects, rest = _compact(body)
            return cls(category, objects, _status_object(objects), rest)
        return cls(category, rest=body)

    def get(self, tag: int) -> bytes | None:
        """The value of the first object *tag* (0 to 15)."""
        return next((value for number, value in self.objects if number == tag), None)

    def explain(self) -> list[str]:
        """One line per item, for a person."""
        if self.category is None:
            return ["no historical bytes"]
        lines = [f"category {self.category:02X}: {_category(self.category)}"]
        for tag, value in self.objects:
            if tag != STATUS_INDICATOR or self.status is None:
                lines += _explain_object(tag, value)
        if self.status is not None:
            lines.append(_explain_status(self.status))
        if self.rest:
            what = "not in compact-TLV form" if self.category in (0x00, 0x80) else "of the card's own meaning"
            lines.append(f"{self.rest.hex(' ').upper()}: {what}")
        return lines


def _compact(body: bytes) -> tuple[tuple[tuple[int, bytes], ...], bytes]:
    """The compact-TLV objects of *body*, and what is left from the first that is cut or of no known tag."""
    objects = []
    at = 0
    while at < len(body):
        end = at + 1 + (body[at] & 0x0F)
        if end > len(body) or body[at] >> 4 not in _NAMES:
            break
        objects.append((body[at] >> 4, body[at + 1 : end]))
        at = end
    return tuple(objects), body[at:]


def _status_object(objects: tuple[tuple[int, bytes], ...]) -> StatusIndicator | None:
    """The status in the last object, which is where category 80 has it."""
    if not objects or objects[-1][0] != STATUS_INDICATOR:
        return None
    value = objects[-1][1]
    if len(value) == 1:
        return StatusIndicator(value[0], None)
    if len(value) == 2:
        return StatusIndicator(None, value[0] << 8 | value[1])
    return StatusIndicator(value[0], value[1] << 8 | value[2]) if len(value) == 3 else None


def _category(value: int) -> str:
    if value == 0x00:
        return "compact-TLV objects, then the status"
    if value == 0x80:
        return "compact-TLV objects"
    if value == 0x10:
        return "reference to a DIR data object"
    return "reserved" if 0x81 <= value <= 0x8F else "proprietary"


def _explain_status(status: StatusIndicator) -> str:
    parts = []
    if status.life_cycle is not None:
        parts.append(f"life cycle status {status.life_cycle:02X}")
    if status.sw is not None:
        parts.append(f"status word {status.sw:04X}")
    return "status indicator: " + ", ".join(parts)


def _explain_object(tag: int, value: bytes) -> list[str]:
    name = _NAMES.get(tag, "reserved")
    line = f"{tag:X}{len(value):X} {name}: {value.hex(' ').upper()}"
    if tag == COUNTRY_CODE and value.hex()[:3] in _COUNTRIES:
        return [f"{line} ({_COUNTRIES[value.hex()[:3]]})"]
    if tag == CARD_SERVICE_DATA and len(value) == 1:
        return [line, *("  " + item for item in explain_service_data(value[0]))]
    if tag == CARD_CAPABILITIES and 1 <= len(value) <= 3:
        return [line, *("  " + item for item in explain_capabilities(value))]
    return [line]


_ACCESS = {0b100: "READ BINARY", 0b000: "READ RECORD", 0b010: "GET DATA"}


def explain_service_data(value: int) -> list[str]:
    """The card service data byte in words (ISO/IEC 7816-4:2020 §12.1.1.7)."""
    lines = []
    if value & 0x80:
        lines.append("application selection by full DF name")
    if value & 0x40:
        lines.append("application selection by partial DF name")
    if value & 0x20:
        lines.append("data objects in EF.DIR")
    if value & 0x10:
        lines.append("data objects in EF.ATR")
    access = _ACCESS.get(value >> 1 & 0x07, "reserved access service")
    return [*lines, f"EF.DIR and EF.ATR by {access}", "card without MF" if value & 0x01 else "card with MF"]


_SELECTION = (
    "DF selection by full name",
    "DF selection by partial name",
    "DF selection by path",
    "DF selection by file identifier",
    "implicit DF selection",
    "short EF identifiers",
    "record numbers",
    "record identifiers",
)
_WRITE = ("one-time write", "proprietary write", "write OR", "write AND")
_CHANNELS = (
    "no logical channels but the basic one",
    "logical channel numbers assigned by the interface device",
    "logical channel numbers assigned by the card",
    "logical channel numbers assigned by card or interface device",
)


def explain_capabilities(value: bytes) -> list[str]:
    """One to three bytes of card capabilities in words (ISO/IEC 7816-4:2020 §12.1.1.9)."""
    lines = [text for bit, text in enumerate(_SELECTION) if value[0] & 0x80 >> bit]
    if len(value) > 1:
        coding = value[1]
        if coding & 0x80:
            lines.append("EFs of TLV structure")
        unit = 1 << (coding & 0x0F)
        unit_text = "half a byte" if unit == 1 else f"{unit // 2} byte{'s' if unit > 2 else ''}"
        lines.append(f"{_WRITE[coding >> 5 & 0x03]}, data units of {unit_text}")
        if coding & 0x10:
            lines.append("FF is a valid first byte of a tag")
    if len(value) > 2:
        table = value[2]
        if table & 0x80:
            lines.append("command chaining")
        if table & 0x40:
            lines.append("extended lengths")
        if table & 0x20:
            lines.append("extended lengths described in EF.ATR")
        channels = _CHANNELS[table >> 3 & 0x03]
        if table >> 3 & 0x03:
            count = (table & 0x07) + 1
            channels += f", {'8 or more' if count == 8 else f'at most {count}'}"
        lines.append(channels)
    return lines
