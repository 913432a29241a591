"""The profile of the ISO test card."""

from typing import Annotated, Literal

from pydantic import SecretStr

from bifente.applets.perso.profile.fields import PinDigits, PukDigits, matching
from bifente.applets.perso.profile.model import Profile
from bifente.layouts.codec import JsonValue

_BYTES: JsonValue = {"hex": bytes(range(64)).hex().upper()}


def _records(*texts: str) -> JsonValue:
    return [{"hex": text.encode().hex().upper()} for text in texts]


def _tagged(*records: tuple[int, str]) -> JsonValue:
    """SIMPLE-TLV objects: a tag of one byte, a length of one byte, a value."""
    return [{"hex": (bytes((tag, len(text))) + text.encode()).hex().upper()} for tag, text in records]


class IsoTestProfile(Profile):
    """The synthetic ISO card: two codes; other contents of its files are said by ``files``."""

    kind: Literal["isotest"]
    serial: Annotated[str, matching(r"\d{8}", "8 digits")] | None = None
    pin: PinDigits = SecretStr("1234")
    puk: PukDigits = SecretStr("12345678")

    def contents(self) -> dict[str, JsonValue]:
        """Something in each file, so that there is something to read."""
        return {
            "BINARY": _BYTES,
            "ONCE": {"hex": "00" * 32},
            "FUSES": {"hex": "FF" * 32},
            "FIXED": _records("record 1", "record 2", "record 3"),
            "VARIABLE": _records("un", "quatre", "a longer record"),
            "JOURNAL": _records("third.", "second", "first."),
            "TAGGED": _tagged((0x11, "red"), (0x22, "green"), (0x11, "blue")),
            "SECRETS": _records("secret 1", "secret 2"),
            "NOTE": {"hex": b"a note".ljust(16, b"\0").hex().upper()},
        }

    def objects(self) -> dict[str, list[bytes]]:
        """One of each form of reference, and a long one."""
        return {
            "LABEL": [b"a label"],
            "NUMBER": [b"\x2a"],
            "NAME": [b"a name"],
            "LONG": [bytes(at % 251 for at in range(600))],
            "CERTIFICATES": [b"one", b"two"],
        }

    def secrets(self) -> dict[str, SecretStr]:
        """The PIN and what unblocks it."""
        return {"pin": self.pin, "puk": self.puk}
