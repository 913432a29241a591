"""The session that speaks to a kind of card, for whoever meets any of them."""

from collections.abc import Callable
from typing import Final, Protocol

from bifente.apdu.link import Link
from bifente.terminal.cps import CpsSession
from bifente.terminal.vitale import VitaleSession
from bifente.terminal.vitale1 import Vitale1Session


class Session(Protocol):
    """What every session can say of its card."""

    def serial(self) -> str:
        """The serial number: eight digits."""


_SESSIONS: Final[dict[str, Callable[[Link], Session]]] = {
    "cps3": CpsSession,
    "cps4": CpsSession,
    "vitale2": VitaleSession,
    "vitale1": Vitale1Session,
}


def session_of(kind: str, link: Link) -> Session | None:
    """A session with the card of that kind behind *link*; None for a kind without a session of its own.

    Raises what the session raises when the card is not of that kind.
    """
    session = _SESSIONS.get(kind)
    return None if session is None else session(link)
