"""Logging a professional in with the PIN of the card, over any link that carries APDUs."""

VERIFY = b"\x00\x20\x00\x01"


class Refused(Exception):
    """The PIN is wrong; ``tries_left`` says how often it may still be tried, 0 when the card is blocked."""

    def __init__(self, tries_left: int) -> None:
        super().__init__("card blocked" if not tries_left else f"wrong PIN, {tries_left} tries left")
        self.tries_left = tries_left


def log_in(link, pin: str) -> None:
    """Present the PIN. Raises Refused."""
    digits = pin.encode("ascii")
    answer = link.transmit(VERIFY + bytes((len(digits),)) + digits)
    if answer == b"\x90\x00":
        return
    if answer == b"\x69\x83":
        raise Refused(0)
    raise Refused(answer[1] & 0x0F)
