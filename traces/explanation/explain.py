"""Dialogues in words. PINs, key values and deciphered data are never among them.

``explain_bytes`` says what a string of bytes is, ``explain_command`` and ``explain_response`` put one exchange in
words by itself, and :class:`Follower` a whole dialogue, remembering what has been selected, verified and set.
"""

from bifente.traces.cleaning.mask import Masker
from bifente.traces.explanation.dialogue import Explanation, Follower
from bifente.traces.explanation.identify import explain_bytes, shown_bytes
from bifente.traces.model import Exchange

__all__ = ["Explanation", "Follower", "explain_bytes", "explain_command", "explain_response", "shown_bytes"]


def explain_command(raw: bytes) -> str:
    """One command in words, for instance ``VERIFY PIN 01 (4 digits, masked)``; any byte string is accepted."""
    return _alone(raw, b"").command


def explain_response(command: bytes, response: bytes) -> str:
    """The answer to *command* in words, for instance ``wrong, 2 tries left``; any byte strings are accepted."""
    return _alone(command, response).response


def _alone(command: bytes, response: bytes) -> Explanation:
    asked, said = Masker().mask(command, response)
    return Follower().explain(Exchange(asked, said))
