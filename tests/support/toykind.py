"""A kind of card that bifente does not bring, in one module: how much it takes to add one."""

from typing import Literal

from pydantic import SecretStr

from bifente.apdu.files.security import Operation
from bifente.applets.commands import binary, cardholder, selection
from bifente.applets.families import Document, Family
from bifente.applets.kernel.instruction import Table, table
from bifente.applets.perso.profile.fields import PinDigits, PukDigits
from bifente.applets.perso.profile.model import Profile
from bifente.layouts.access import ALWAYS, NEVER, Pin
from bifente.layouts.codec import JsonValue, RawCodec
from bifente.layouts.nodes import DF, EF, SYNTHETIC, Layout, PinObject, ef_access
from bifente.layouts.structures import Records

AID = bytes.fromhex("F0") + b"TOY"
PIN, PUK, ADMIN = 0x01, 0x02, 0x03


def _pin(name: str, reference: int, use: str, unblocked_by: int | None, least: int) -> PinObject:
    access = {
        Operation.VERIFY: ALWAYS,
        Operation.CHANGE: ALWAYS,
        Operation.RESET: NEVER if unblocked_by is None else Pin(unblocked_by),
    }
    return PinObject(name, reference, access, 3, SYNTHETIC, use, unblocked_by, min_length=least)


LAYOUT = Layout(
    "toy",
    "toy card",
    "a toy card",
    bytes.fromhex("3B84014B544F598C"),
    AID,
    DF(
        "MF",
        0x3F00,
        SYNTHETIC,
        AID,
        children=(
            EF(
                "NAME",
                0x1001,
                RawCodec(),
                ef_access(update=Pin(ADMIN)),
                SYNTHETIC,
                0x01,
                meaning="whose toy it is",
            ),
            EF("DIARY", 0x1002, RawCodec(), ef_access(Pin(PIN), Pin(PIN)), SYNTHETIC, optional=True),
            EF("VISITS", 0x1003, RawCodec(), ef_access(), SYNTHETIC, 0x03, structure=Records(4, 3)),
        ),
        pins=(
            _pin("PIN", PIN, "pin", PUK, 4),
            _pin("PUK", PUK, "puk", None, 8),
            _pin("administrator's PIN", ADMIN, "admin", PUK, 4),
        ),
    ),
    select_answers=frozenset({0x00, 0x04, 0x0C}),
    source=SYNTHETIC,
)


class ToyProfile(Profile):
    """Whose toy it is."""

    kind: Literal["toy"]
    serial: str | None = None
    name: str
    pin: PinDigits = SecretStr("1234")
    puk: PukDigits = SecretStr("12345678")
    admin: PinDigits = SecretStr("9999")

    def contents(self) -> dict[str, JsonValue]:
        return {
            "NAME": {"hex": self.name.encode().hex()},
            "DIARY": {"hex": "00" * 32},
            "VISITS": {"hex": "00" * 12},
        }

    def secrets(self) -> dict[str, SecretStr]:
        return {"pin": self.pin, "puk": self.puk, "admin": self.admin}


def _model(_document: Document) -> type[ToyProfile]:
    return ToyProfile


def _instructions() -> Table:
    return table(
        (
            selection.instruction(LAYOUT.select_answers),
            binary.READ_BINARY,
            binary.UPDATE_BINARY,
            cardholder.VERIFY,
            cardholder.CHANGE_REFERENCE_DATA,
            cardholder.RESET_RETRY_COUNTER,
        )
    )


def family(example: str) -> Family:
    """The toy's family; suites make their card of the profile *example*."""
    return Family(layout=LAYOUT, instructions=_instructions, model=_model, example=example)
