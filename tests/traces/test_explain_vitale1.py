"""A dialogue with a Vitale 1 in words: class BC means what the classes of others do, on that card and no other."""

from bifente.traces.explanation.dialogue import Follower
from bifente.traces.explanation.phases import Phase, phased
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, ReaderEvent

VITALE_1, VITALE_2 = bytes.fromhex("3F6525002209F99000"), bytes.fromhex("3B751300004709EA9000")


def _exchange(command: str, answer: str) -> Exchange:
    return Exchange(MaskedBytes(bytes.fromhex(command)), MaskedBytes(bytes.fromhex(answer)), slot="Vitale")


DIALOGUE = [
    _exchange("BC84000010", "00" * 16 + "9000"),
    _exchange("BC8200014B" + "00" * 75, "9000"),
    _exchange("BC88000110" + "00" * 16 + "0F", "00" * 15 + "9000"),
    _exchange("BCA4020C022201", "9000"),
    _exchange("BCB0000000", "0068" + "9000"),
    _exchange("BC88000220" + "00" * 32 + "08", "00" * 8 + "9000"),
]


def _words(atr: bytes) -> list[str]:
    follower = Follower()
    follower.explain(ReaderEvent(EventKind.COLD_RESET, slot="Vitale", atr=atr))
    return [follower.explain(item).text for item in DIALOGUE]


def test_keys_and_files_have_their_names() -> None:
    assert _words(VITALE_1) == [
        "GET CHALLENGE, 16 bytes → challenge of 16 bytes",
        "EXTERNAL AUTHENTICATE with key 01 (recognition), 75 bytes → authenticated",
        "INTERNAL AUTHENTICATE with key 01 (recognition), 16 bytes → certificate (MAC) of 15 bytes",
        "SELECT EF 2201 (BEN01), nothing asked back → selected",
        "READ BINARY offset 0 (BEN01) → 2 bytes",
        "INTERNAL AUTHENTICATE with key 02 (sheet certificate), 32 bytes → certificate (MAC) of 8 bytes",
    ]


def test_on_another_card_class_bc_teaches_nothing() -> None:
    words = _words(VITALE_2)
    assert not any("key 01" in one for one in words)
    assert "BEN01" not in words[4]


def test_the_phases_are_those_of_a_consultation() -> None:
    reset = ReaderEvent(EventKind.COLD_RESET, slot="Vitale", atr=VITALE_1)
    phases = [one.phase for one in phased((item, 1) for item in (reset, *DIALOGUE))][1:]
    assert phases == [Phase.RECOGNITION] * 3 + [Phase.RIGHTS] * 2 + [Phase.SIGNING]
