"""Why a card refused: what it says itself, what our own reader says of it, else what the status word means in general."""

import os
from pathlib import Path

from bifente.apdu.link import Card
from bifente.apdu.refusal import refusal_behind
from bifente.apdu.response import ResponseAPDU


def reason(card: Card, answer: bytes, reader: str | None) -> dict[str, object] | None:
    """Why *card* gave *answer* to its last command; None for success. *reader* is the PC/SC reader that holds it.

    ``generic`` is true where the card does not say: a real one never does.
    """
    sw = ResponseAPDU.parse(answer).sw
    if sw.ok:
        return None
    refusal = refusal_behind(card, answer)
    if refusal is not None:
        return {"clause": refusal.why.clause, "sentence": refusal.why.sentence, "generic": False}
    if reader is not None and (told := _of_our_reader(reader, f"{sw:04X}")) is not None:
        return {**told, "generic": False}
    sentence = f"{sw.meaning}: generic meaning of the status word, the card does not say why"
    return {"clause": "ISO/IEC 7816-4:2020 §5.6", "sentence": sentence, "generic": True}


def _of_our_reader(name: str, sw: str) -> dict[str, object] | None:
    """What ``bifente reader serve`` says of the last answer in that slot, when it is the service that is used here.

    Its control socket lies beside the one of its service. Answers travel by the latter, reasons by the former only.
    """
    from bifente.workbench.errors import WorkbenchError
    from bifente.workbench.served.control import ask

    service = os.environ.get("PCSCLITE_CSOCK_NAME")
    if not service:
        return None
    try:
        slots = ask(Path(service).with_suffix(".control"), {"do": "status"})["slots"]
    except WorkbenchError:
        return None  # a service of somebody else, or one that has just ended
    for slot in slots if isinstance(slots, list) else ():
        refusal = slot.get("refusal")
        if slot.get("name") == name and refusal is not None and refusal["sw"] == sw:
            return {"clause": str(refusal["clause"]), "sentence": str(refusal["sentence"])}
    return None
