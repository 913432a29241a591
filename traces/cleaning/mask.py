"""What must not stand in a trace, decided while it is recorded: PINs, PUKs, keys, deciphered data.

What is secret is for ``bifente.apdu.secrecy`` to say; here it is taken out.
"""

from bifente.apdu.secrecy import DialogueSecrecy
from bifente.traces.maskedbytes import MaskedBytes, plain_octets

_new = tuple.__new__
"""Makes MaskedBytes of which nothing is hidden, while the terminal waits."""


class Masker:
    """Masks one dialogue with one card; it must see every command in order, and every reset."""

    __slots__ = ("_secrecy",)

    def __init__(self) -> None:
        self._secrecy = DialogueSecrecy()

    def reset(self) -> None:
        """The card was reset or powered off: nothing waits any more."""
        self._secrecy.reset()

    def mask(self, command: bytes, response: bytes) -> tuple[MaskedBytes, MaskedBytes]:
        """The next command and its answer, without what is secret in them."""
        spans, secret = self._secrecy.of(command, response)
        if not (spans or secret):
            return _new(MaskedBytes, (bytes(command), ())), _new(MaskedBytes, (bytes(response), ()))
        asked = MaskedBytes.hiding(command, spans) if spans else plain_octets(bytes(command))
        if secret and len(response) > 2:
            return asked, MaskedBytes.hiding(response, [(0, len(response) - 2)])
        return asked, plain_octets(bytes(response))
