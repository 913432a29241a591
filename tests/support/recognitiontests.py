"""What tests of the recognition have in common."""

from pair import (
    SELECT_VITALE,
    Terminal,
    send,
)


def reads(vitale: object, fid: str) -> str:
    """The status of reading a file of the application VITALE, without touching what is proven."""
    send(vitale, SELECT_VITALE)  # type: ignore[arg-type]
    send(vitale, f"00A4020C02{fid}")  # type: ignore[arg-type]
    return send(vitale, "00B0000000")[1]  # type: ignore[arg-type]


def to_step_3(terminal: Terminal) -> None:
    assert terminal.pin()[1] == "9000"
    assert terminal.certificates()[1] == "9000"
    assert terminal.challenges()[1] == "9000"
