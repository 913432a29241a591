"""What the configuration of a web server is told, and what it gives."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What stands in a configuration. ``professionals`` is the common name of the authority of the CPS and CPF; ``responder``
    is asked in the place of reading lists when it is not empty."""

    folder: Path
    host: str
    port: int
    professionals: str
    responder: str


@dataclass(frozen=True, slots=True)
class ServerExample:
    """What was written. ``start`` is the command that runs it; ``lists_until`` is when its lists must be renewed, None
    when it asks a responder."""

    server: str
    url: str
    folder: Path
    configuration: Path
    root: Path
    start: tuple[str, ...]
    reload: tuple[str, ...]
    lists: Path | None
    lists_until: datetime | None


class Configuration(Template):
    """A text with ``@{names}`` to fill in: the dollar is the server's own."""

    delimiter = "@"


KEY, CERTIFICATE, CARDS, LISTS, ROOT = (
    "server/server.key",
    "server/fullchain.pem",
    "cards.pem",
    "revocation/lists.pem",
    "root.pem",
)
"""Files in the folder, as the configurations name them."""

REASONS = {
    "NONE": "no card: your browser has shown no certificate",
    "FAILED:certificate revoked": "this card is revoked",
    "FAILED:certificate has expired": "this card has expired",
    "FAILED:certificate is not yet valid": "this card is not yet valid",
    "FAILED:unsuitable certificate purpose": "this certificate is not for authentication: a card has another one for it",
    "FAILED:unable to get local issuer certificate": "this certificate is not of the authority that this server trusts",
    "FAILED:CRL has expired": "the revocation lists of this server are too old",
    "FAILED:certificate status request failed": "the authority does not say whether this card is revoked",
}
"""What the page says, by what the server has found."""

ONLY_PROFESSIONALS = "only the card of a professional (CPS) enters here; yours is another one"
