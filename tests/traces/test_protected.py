"""Secure messaging in traces: objects in words, nothing masked that is enciphered, nothing plain shown."""

import pytest

from bifente.apdu.secrecy import DialogueSecrecy, secret_spans
from bifente.traces.explanation.explain import explain_command, explain_response

VERIFY = bytes.fromhex("0C2000011887090127B9B4F6C4F2591C9701008E083D0BA5A60FA86ADC00")
DECIPHER = bytes.fromhex("0C2A80861887090127B9B4F6C4F2591C9701008E083D0BA5A60FA86ADC00")
ANSWER = bytes.fromhex("87110126DBE88315D66895EDBD3D8711BE501C990290008E085C3590D0AFC0F7CD9000")


def test_command_and_answer_in_words() -> None:
    assert (
        explain_command(VERIFY)
        == "VERIFY 00 01, protected: 8 bytes enciphered (87), Le 00 (97), checksum (8E)"
    )
    assert explain_command(DECIPHER).startswith("PSO DECIPHER, protected: 8 bytes")
    assert explain_response(VERIFY, ANSWER) == (
        "protected: 16 bytes enciphered (87), status 9000 (99), success, checksum (8E)"
    )
    assert explain_response(VERIFY, bytes.fromhex("6988")).startswith("not protected")
    assert "8E" in explain_command(bytes.fromhex("0CB000000397010C00"))


def test_what_is_enciphered_is_shown() -> None:
    secrecy = DialogueSecrecy()
    for command in (VERIFY, DECIPHER):
        assert secret_spans(command) == ()
        assert secrecy.of(command, ANSWER) == ((), False)
    assert secrecy.of(DECIPHER[:-1], bytes.fromhex("6125"))[0] == ()
    assert secrecy.of(bytes.fromhex("00C0000025"), ANSWER) == ((), False)


@pytest.mark.parametrize(
    "command",
    [
        "0C20000104 31323334",
        "0C20000107 31323334970100",
        "0C2000010D 870511313233348E08 0102030405060708",
        "0C20000100",
    ],
)
def test_what_only_pretends_to_be_is_hidden(command: str) -> None:
    raw = bytes.fromhex(command)
    assert secret_spans(raw) or len(raw) == 5
    assert "31323334" not in explain_command(raw)


def test_a_plain_answer_to_a_protected_decipher_is_hidden() -> None:
    secrecy = DialogueSecrecy()
    assert secrecy.of(DECIPHER, b"the plain text\x90\x00")[1]
    assert secrecy.of(DECIPHER, bytes.fromhex("610E"))[1]
    assert secrecy.of(bytes.fromhex("00C000000E"), b"the plain text\x90\x00")[1]
    plain = bytes.fromhex("002A808602810100")
    assert secrecy.of(plain, ANSWER)[1], "what a plain command deciphers is hidden, however it looks"


def test_which_file_a_protected_select_chooses_is_unknown() -> None:
    from bifente.traces.explanation.dialogue import Follower
    from bifente.traces.maskedbytes import MaskedBytes
    from bifente.traces.model import Exchange

    follower = Follower()

    def explained(command: str, answer: str) -> str | None:
        masked = [MaskedBytes(bytes.fromhex(raw)) for raw in (command, answer)]
        return follower.explain(Exchange(*masked)).file

    assert explained("00A4090C043F002F00", "9000") is not None
    assert explained("0CA4090C188709017A05380CB494896E9701008E088B2EA9ABE411D78E00", ANSWER.hex()) is None
