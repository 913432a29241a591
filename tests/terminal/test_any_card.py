"""Whatever a card answers, the sessions raise their own errors only, and they come to an end."""

from contextlib import contextmanager, suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import LinkTimeout, TransmissionProtocol
from bifente.terminal import CpsSession, TerminalError, VitaleSession, recognise

words = st.sampled_from(
    [0x9000, 0x9000, 0x9000, 0x6282, 0x6982, 0x6A82, 0x6B00, 0x6100, 0x6105, 0x6C03, 0x63C0, 0x6983]
)
data = st.one_of(
    st.binary(max_size=40),
    st.just(bytes(256)),
    st.sampled_from(
        [
            bytes.fromhex("5A0A8025000001990000001F"),
            bytes.fromhex("620480020010"),
            bytes.fromhex("E0048002"),
            bytes.fromhex("E014A00C820A00010000D2500000025680040001"),
            bytes.fromhex("7016BF810112A0109A01039B0103A1088C06F3000013FF00"),
            bytes.fromhex("0065"),
            bytes.fromhex("7F21820162"),
        ]
    ),
)
answers = st.builds(lambda content, sw: content + sw.to_bytes(2, "big"), data, words) | st.binary(max_size=4)


class MadCard:
    """Answers from a list, then falls silent."""

    atr = b"\x3b\x00"
    protocol = TransmissionProtocol.T0

    def __init__(self, script):
        self.script = [b"\x90\x00"] * 2 + script
        self.count = 0

    def transmit(self, command, /):
        self.count += 1
        if not self.script:
            raise LinkTimeout("card", 1)
        return self.script.pop(0)

    @contextmanager
    def transaction(self):
        yield

    def reset(self):
        return self.atr


CPS_VERBS = [
    lambda session: session.serial(),
    lambda session: session.holder(),
    lambda session: session.professional(),
    lambda session: session.cv_certificate(),
    lambda session: session.signature_certificate(),
    lambda session: session.verify_pin(b"1234"),
    lambda session: session.pin_status(),
    lambda session: session.puk_status(),
    lambda session: session.change_pin(b"1234", b"4321"),
    lambda session: session.unblock(b"12345678", b"1234"),
    lambda session: session.log_out(),
    lambda session: session.write_data(bytes(500)),
    lambda session: session.sign(bytes(100)),
    lambda session: session.internal_authenticate(bytes(20)),
    lambda session: session.decipher(bytes(256)),
    lambda session: session.reset(),
]
VITALE_VERBS = [
    lambda session: session.identity(),
    lambda session: session.registration(),
    lambda session: session.pan(),
    lambda session: session.pointers(),
    lambda session: session.rights(),
    lambda session: session.emergency_volet(),
    lambda session: session.medical_volet(),
    lambda session: session.cv_certificate(),
    lambda session: session.sheet_certificate(),
    lambda session: session.sign_sheet(bytes(32)),
]


@pytest.mark.parametrize("verb", range(len(CPS_VERBS)))
@given(script=st.lists(answers, max_size=12))
def test_cps(verb, script):
    link = MadCard(script)
    with suppress(TerminalError):
        CPS_VERBS[verb](CpsSession(link))
    assert link.count <= len(script) + 4


@pytest.mark.parametrize("verb", range(len(VITALE_VERBS)))
@given(script=st.lists(answers, max_size=12))
def test_vitale(verb, script):
    link = MadCard(script)
    with suppress(TerminalError):
        VITALE_VERBS[verb](VitaleSession(link))


@given(cps=st.lists(answers, max_size=12), vitale=st.lists(answers, max_size=12))
def test_recognition(cps, vitale):
    with suppress(TerminalError):
        recognise(CpsSession(MadCard(cps)), VitaleSession(MadCard(vitale)), date=date(2026, 1, 1)).close()
