"""Whoever sits between two genuine cards and the terminal gets nothing: what the terminal then reports.

Real emulated cards; the attacker is a card around the card. The cards' own refusals are in tests/applets.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from bifente.apdu import tlv
from bifente.apdu.cvc import CvEnvelope
from bifente.applets import SmartCard
from bifente.layouts.recognition import Step
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import (
    CardKind,
    CardRefused,
    CpsAbsent,
    CpsSession,
    ReaderFailed,
    TestWithReal,
    VitaleAbsent,
    VitaleSession,
    connect,
)

INTERNAL, CHALLENGE = 0x88, 0x84


class Between:
    """A card around a card: an instruction in *instead* gets that answer, from the command and what the card says."""

    def __init__(
        self, card: SmartCard, instead: dict[int, Callable[[bytes, bytes], bytes]] | None = None
    ) -> None:
        self.card = card
        self.instead = instead or {}
        self.swallowed: set[int] = set()
        self.heard: dict[int, bytes] = {}

    @property
    def serial(self) -> str | None:
        return self.card.serial

    def power_on(self) -> bytes:
        return self.card.power_on()

    def reset(self) -> bytes:
        return self.card.reset()

    def power_off(self) -> None:
        self.card.power_off()

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] in self.swallowed:
            return bytes(16) + b"\x90\x00"
        answer = self.card.transmit(command)
        self.heard[command[1]] = answer
        change = self.instead.get(command[1])
        return answer if change is None else change(command, answer)


def refusal(session) -> CardRefused:
    session.present_pin(b"1234")
    with pytest.raises(CardRefused) as caught:
        session.recognise()
    assert "\n" not in str(caught.value)
    return caught.value


def verdict(error: CardRefused) -> tuple[CardKind, Step | str, int, int | None]:
    return error.card, error.step, error.sw, error.ssv_code


CPS_IS_NOBODY = (CardKind.VITALE, Step.VITALE_VERIFIES, 0x6300, 0xF004)
VITALE_IS_NOBODY = (CardKind.CPS, Step.CPS_VERIFIES, 0x6300, 0xF014)


@pytest.mark.parametrize(("which", "expected"), [("cps", CPS_IS_NOBODY), ("vitale", VITALE_IS_NOBODY)])
def test_a_token_replayed_from_an_earlier_recognition(consultation, maker, which, expected):
    cards = {"cps": Between(maker.cps()), "vitale": Between(maker.vitale())}
    with consultation(**cards) as session:
        session.rights()
    session.reader.close()
    earlier = cards[which].heard[INTERNAL]
    cards[which].instead = {INTERNAL: lambda _command, _token: earlier}
    assert verdict(refusal(consultation(**cards, ready=False))) == expected


def test_a_token_reflected_to_who_made_it(consultation, maker):
    """The CPS hears its own token as if it were the Vitale's."""
    cps = Between(maker.cps())
    vitale = Between(maker.vitale(), {INTERNAL: lambda _command, _token: cps.heard[INTERNAL]})
    assert verdict(refusal(consultation(cps, vitale, ready=False))) == VITALE_IS_NOBODY


def test_a_token_transplanted_from_another_cps(consultation, maker):
    """A second genuine CPS, its PIN presented, signs this very challenge of this very Vitale."""

    def of_the_other(command: bytes, _token: bytes) -> bytes:
        with TwoSlotReader() as reader:
            for slot, card in ((CPS_SLOT, maker.cps(prefix="other cps")), (VITALE_SLOT, maker.vitale())):
                reader.insert(slot, card)
            other = CpsSession(reader.link(CPS_SLOT))
            certificate = VitaleSession(reader.link(VITALE_SLOT)).cv_certificate()
            other.verify_pin(b"1234")
            other.enter_application()
            check = other.channel.check
            check("other", 0x22, 0x81, 0xB6, tlv.encode(0x83, CvEnvelope.parse(certificate).car))
            check("other", 0x2A, 0x00, 0xAE, certificate)
            check("other", 0x84, 0, 0, b"", 16)
            check("other", 0x22, 0x41, 0xA4, bytes.fromhex("8001E1840183"))
            return check("other", INTERNAL, 0, 0, command[5:21], 256) + b"\x90\x00"

    cps = Between(maker.cps(), {INTERNAL: of_the_other})
    assert verdict(refusal(consultation(cps, ready=False))) == CPS_IS_NOBODY


@pytest.mark.parametrize("which", ["cps", "vitale"])
def test_a_challenge_of_the_attackers_own(consultation, maker, which):
    """The terminal hears another challenge than the card has given: what is signed over it is worth nothing."""
    card = Between(getattr(maker, which)(), {CHALLENGE: lambda _command, _answer: bytes(16) + b"\x90\x00"})
    assert verdict(refusal(consultation(**{which: card}, ready=False))) == CPS_IS_NOBODY


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("cps", (CardKind.CPS, Step.CPS_SIGNS, 0x6985, 0xF004)),
        ("vitale", (CardKind.VITALE, Step.VITALE_VERIFIES, 0x6985, 0xF004)),
    ],
)
def test_a_card_that_was_never_asked_for_a_challenge(consultation, maker, which, expected):
    card = Between(getattr(maker, which)())
    card.swallowed = {CHALLENGE}
    assert verdict(refusal(consultation(**{which: card}, ready=False))) == expected


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("cps", (CardKind.CPS, Step.VERIFY_CERTIFICATES, 0x6984, 0xF014)),
        ("vitale", (CardKind.VITALE, Step.VERIFY_CERTIFICATES, 0x6984, 0xF004)),
    ],
)
def test_a_card_that_has_seen_later_days_than_the_others_certificate(consultation, maker, which, expected):
    """The terminal lies about the date and finds the certificate good; the card has been shown a later one."""
    card = getattr(maker, which)()
    with card.store as store:
        store.commit({"state/date": b"2099-01-01"})
    assert verdict(refusal(consultation(**{which: card}, ready=False))) == expected


def test_a_real_cps_and_a_test_vitale(consultation, fse_holder, production_maker):
    real = production_maker.cps(replace(fse_holder, category=0x00))
    session = consultation(cps=real, ready=False)
    session.present_pin(b"1234")
    with pytest.raises(TestWithReal) as caught:
        session.recognise()
    assert (caught.value.step, caught.value.ssv_code) == (Step.READ_CERTIFICATES, 0xF026)


def test_empty_slots(maker):
    reader = TwoSlotReader()
    for slot, kind, error, code in (
        (CPS_SLOT, CardKind.CPS, CpsAbsent, 0xF001),
        (VITALE_SLOT, CardKind.VITALE, VitaleAbsent, 0xF011),
    ):
        with pytest.raises(error) as caught:
            connect(partial(reader.link, slot), kind)
        assert (caught.value.ssv_code, bool(caught.value.hint)) == (code, True)
    reader.insert(CPS_SLOT, maker.cps())
    assert CpsSession(connect(partial(reader.link, CPS_SLOT), CardKind.CPS)).serial()
    reader.close()
    with pytest.raises(ReaderFailed) as gone:
        connect(partial(reader.link, CPS_SLOT), CardKind.CPS)
    assert gone.value.ssv_code == 0x0400
