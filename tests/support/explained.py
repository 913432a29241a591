"""That a card says why: every status word but plain success has a reason, which names a clause."""

from datetime import date

from bifente.apdu.refusal import CommandPart, refusal_of
from bifente.applets.kernel.instruction import Listed
from bifente.applets.kernel.refusals import Needed, ProvenThen

FIXED = (int, str, bytes, date, CommandPart, Listed, Needed, ProvenThen)
"""What a sentence may be filled with: a card that goes on does not change it."""


def explained(card: object, answer: bytes) -> bytes:
    """*answer*, when *card* explains it; AssertionError when it does not."""
    refusal = refusal_of(card)
    if answer[-2:] == b"\x90\x00" or answer[-2] == 0x61:
        assert refusal is None, f"{answer[-2:].hex()} explained by {refusal}"
        return answer
    assert refusal is not None, f"{answer[-2:].hex()} without a reason"
    assert refusal.sw.to_bytes_be() == answer[-2:]
    why = refusal.why
    assert why.clause.strip()
    assert len(why.sentence.split()) > 2
    assert not any(blank in why.sentence for blank in ("None", "  ", "0x"))
    assert all(isinstance(value, FIXED) for value in why.values), why.values
    return answer
