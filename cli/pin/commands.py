"""``bifente pin``: the PIN of a professional's card, by the commands a health software sends."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import CARD, JSON
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say, say_json
from bifente.workbench.cards.dialogue import cps_session

if TYPE_CHECKING:
    from bifente.terminal import PinStatus


@click.group(short_help="Show, present, change and unblock the PIN of a card.")
def pin() -> None:
    """Show, present, change and unblock the PIN of a professional's card."""


@pin.command("status", short_help="Say how many tries are left.")
@CARD
@JSON
def status(card: Path, as_json: bool) -> None:
    """Say how many tries are left for the PIN and the PUK; none is consumed."""
    with cps_session(card) as cps:
        found = {"pin": cps.pin_status(), "puk": cps.puk_status()}
    if as_json:
        say_json({name: _facts(one) for name, one in found.items()})
        return
    for name, one in found.items():
        say(f"{name.upper()}: {_words(one)}")


@pin.command("verify", short_help="Present the PIN.")
@CARD
@pin_options()
@JSON
def verify(card: Path, pin: SecretSource, as_json: bool) -> None:
    """Present the PIN. A wrong one costs a try (exit code 6), the last one blocks the card (exit code 7).

    \b
    bifente pin verify doctor.card --pin 1234
    bifente pin verify doctor.card --pin-file ~/pin
    """
    with cps_session(card) as cps:
        cps.verify_pin(pin.read())
        left = cps.pin_status()
    _say("the PIN is right", left, as_json=as_json)


@pin.command("change", short_help="Change the PIN.")
@CARD
@pin_options()
@pin_options("new PIN", "new_pin", confirm=True)
@JSON
def change(card: Path, pin: SecretSource, new_pin: SecretSource, as_json: bool) -> None:
    """Change the PIN: 4 to 8 digits.

    \b
    bifente pin change doctor.card --pin 1234 --new-pin 2468
    """
    with cps_session(card) as cps:
        old = pin.read()
        cps.change_pin(old, new_pin.read())
        left = cps.pin_status()
    _say("the PIN is changed", left, as_json=as_json)


@pin.command("unblock", short_help="Give a blocked PIN back, with the PUK.")
@CARD
@pin_options("PUK", "puk", digits=(8, 8))
@pin_options("new PIN", "new_pin", confirm=True)
@JSON
def unblock(card: Path, puk: SecretSource, new_pin: SecretSource, as_json: bool) -> None:
    """Give a blocked PIN back: the PUK (code de déblocage) sets a new one. Each success costs one of the PUK's uses.

    \b
    bifente pin unblock doctor.card --puk 12345678 --new-pin 1234
    """
    with cps_session(card) as cps:
        code = puk.read()
        cps.unblock(code, new_pin.read())
        left = cps.pin_status()
    _say("the PIN is set", left, as_json=as_json)


def _facts(status: "PinStatus") -> dict[str, object]:
    return {
        "tries_left": status.tries_left,
        "tries": status.max_tries,
        "uses_left": status.uses_left,
        "blocked": status.blocked,
    }


def _words(status: "PinStatus") -> str:
    if status.blocked:
        return "blocked"
    words = f"{status.tries_left} of {status.max_tries} tries left"
    return words if status.uses_left is None else f"{words}, {status.uses_left} uses left"


def _say(what: str, status: "PinStatus", *, as_json: bool) -> None:
    if as_json:
        say_json(_facts(status))
    else:
        say(f"{what}; {_words(status)}")
