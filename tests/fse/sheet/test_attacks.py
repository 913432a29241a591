"""Whoever sits between two genuine cards and the terminal gets nothing: what the terminal then reports.

Real emulated cards; the attacker is a card around the card. The cards' own refusals are in tests/applets.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from bifente.apdu import tlv
from bifente.apdu.cvc import CvEnvelope
from bifente.apdu.facets import CardAround
from bifente.apdu.issuersignature import digest_of
from bifente.applets import SmartCard
from bifente.layouts.recognition import Step
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import (
    CardKind,
    CardRefused,
    CpsAbsent,
    CpsSession,
    NotIssued,
    ReaderFailed,
    TestWithReal,
    VitaleAbsent,
    VitaleSession,
    connect,
)

INTERNAL, CHALLENGE = 0x88, 0x84


class Between(CardAround):
    """A card around a card: an instruction in *instead* gets that answer, from the command and what the card says."""

    def __init__(
        self, card: SmartCard, instead: dict[int, Callable[[bytes, bytes], bytes]] | None = None
    ) -> None:
        super().__init__(card)
        self.card = card
        self.instead = instead or {}
        self.swallowed: set[int] = set()
        self.heard: dict[int, bytes] = {}

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


# What the issuer has signed: between genuine cards and the terminal, nothing else becomes of it.

RIGHTS_FILES, SIGNATURE_FILE = range(0x2101, 0x2214), 0x2003
READ, SELECT, EXTERNAL = 0xB0, 0xA4, 0x82
NO_FILE = b"\x6a\x82"


class Shim(Between):
    """Answers what is read of some files out of another card, or changed; lies to the other card about the digest."""

    def __init__(self, card: SmartCard, source: SmartCard | None = None) -> None:
        super().__init__(card)
        self.source = source
        self.files: frozenset[int] = frozenset()
        self.replacing: tuple[bytes, bytes] | None = None
        self.swapped: dict[bytes, bytes] = {}
        self._file = 0

    def transmit(self, command: bytes, /) -> bytes:
        ins = command[1]
        if ins == EXTERNAL:
            for old, new in self.swapped.items():
                command = command.replace(old, new)
        answer = super().transmit(command)
        if ins == SELECT and len(command) > 6 and command[2] != 0x04:
            self._file = int.from_bytes(command[5 : 5 + command[4]][-2:])
        if ins in (SELECT, READ) and command[2] != 0x04 and self._file in self.files:
            return self._foreign(command)
        if ins == READ and self.replacing is not None:
            return answer.replace(*self.replacing)
        return answer

    def _foreign(self, command: bytes) -> bytes:
        """The other card's content of the file that is selected."""
        content = self.content(self._file)
        if content is None:
            return NO_FILE
        if command[1] == SELECT:
            return b"\x6f\x04\x80\x02" + len(content).to_bytes(2) + b"\x90\x00"
        at = int.from_bytes(command[2:4])
        return content[at : at + (command[4] or 256)] + b"\x90\x00"

    def content(self, fid: int) -> bytes | None:
        """A file of the other card, as it is; None where there is none."""
        if self.source is None:
            return None
        self.source.power_on()
        found = self.source.tree.mf.by_fid[0x0001].by_fid.get(fid)
        return found.content if found is not None else None


def digest(card: SmartCard, fid: int) -> bytes:
    card.power_on()
    found = card.tree.mf.by_fid[0x0001].by_fid.get(fid)
    return digest_of(found.content if found is not None else b"")


def not_issued(session, read) -> NotIssued:
    with pytest.raises(NotIssued) as caught:
        read(session)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_a_shim_that_turns_the_ald_of_a_genuine_vitale(consultation, maker):
    vitale = Shim(maker.vitale())
    with consultation(vitale=vitale) as session:
        vitale.replacing = (b"\x010\x040100", b"\x011\x040100")
        error = not_issued(session, lambda session: session.rights())
    assert error.files == ("BEN01", "BEN02")
    assert (error.card, error.ssv_code) == (CardKind.VITALE, 0xF014)


@pytest.mark.parametrize(
    ("genuine", "forged", "file"),
    [
        (bytes.fromhex("99100001"), bytes.fromhex("99100003"), "CPS_SIT_FACT"),
        (b"ALICE", b"ALINE", "CPS_NAME_PS"),
        (b"899700000017", b"899700000025", "CPS_INFO_PS"),
        (bytes.fromhex("2900000017"), bytes.fromhex("2900000025"), "CPS_ID_CARD"),
    ],
)
def test_a_shim_that_changes_what_a_genuine_cps_says(consultation, maker, genuine, forged, file):
    cps = Shim(maker.cps())
    with consultation(cps) as session:
        cps.replacing = (genuine, forged)
        error = not_issued(session, lambda session: session.professional())
    assert error.files == (file,)
    assert (error.card, error.ssv_code) == (CardKind.CPS, 0xF004)


def test_a_file_that_is_hidden_or_added(consultation, maker, fse_rights):
    """One that is taken away is missed; one that is added, whatever POINTERS says of it, is not read."""
    vitale = Shim(maker.vitale())
    with consultation(vitale=vitale) as session:
        vitale.files = frozenset({0x2202})
        assert not_issued(session, lambda session: session.rights()).files == ("BEN02",)
    three = maker.vitale([*fse_rights, *fse_rights[5:]])
    vitale = Shim(maker.vitale(), three)
    vitale.files = frozenset({0x2001, 0x2203})
    with consultation(vitale=vitale) as session:
        assert len(session.beneficiaries()) == 2


def carried_over(maker, which: str, fse_rights, fse_situations, fse_holder) -> SmartCard:
    """A genuine card, signed by its issuer, whose files the attacker puts in the place of this one's."""
    match which:
        case "another Vitale":
            groups = [fse_rights[0].replace("numéro de série de la carte", "99000002"), *fse_rights[1:]]
            return maker.vitale(groups, serial="99000002")
        case "an old Vitale":  # the very card, as it was issued before
            return maker.vitale(
                [group.replace("code ALD", "0") if group.id == 106 else group for group in fse_rights]
            )
        case "no Vitale":
            return maker.vitale(issued=False)
        case "another CPS":
            return maker.cps(replace(fse_holder, card_number="2900000058"), prefix="other")
        case "an old CPS":
            return maker.cps(situations=[one.replace("code zone tarifaire", "10") for one in fse_situations])
    return maker.cps(issued=False)


@pytest.mark.parametrize(
    "which", ["another Vitale", "an old Vitale", "no Vitale", "another CPS", "an old CPS", "no CPS"]
)
@pytest.mark.parametrize("both", [False, True], ids=["one slot", "both slots"])
def test_genuine_files_carried_over(consultation, maker, fse_rights, fse_situations, fse_holder, which, both):
    """Another card's rights or situations with their issuer's signature, old ones of this very card, or none at all.

    The card's own token says which signature it holds. In one slot the other card finds that it was told otherwise;
    a shim in both slots can have the cards agree, and the terminal finds it.
    """
    source = carried_over(maker, which, fse_rights, fse_situations, fse_holder)
    vitales = which.endswith("Vitale")
    signature, files = (SIGNATURE_FILE, RIGHTS_FILES) if vitales else (0xD084, range(0xD104, 0xD130))
    first, second = Shim(maker.cps(), source), Shim(maker.vitale(), source)
    shim, other = (second, first) if vitales else (first, second)
    shim.files = frozenset({signature, *files})
    if both:
        other.swapped = {digest(source, signature): digest(shim.card, signature)}
        session = consultation(first, second, ready=False)
        session.present_pin(b"1234")
        error = not_issued(session, lambda session: session.recognise())
        assert "holds another issuer's signature" in str(error)
        assert error.card is (CardKind.VITALE if vitales else CardKind.CPS)
    else:
        assert verdict(refusal(consultation(first, second, ready=False))) == (
            VITALE_IS_NOBODY if vitales else CPS_IS_NOBODY
        )
    assert second.card.proven.role is None, "the Vitale is not left open"


def test_a_signature_of_a_stranger(consultation, maker, other_authority):
    """Signed by an authority that has the same name, and by the one for the other kind of card."""
    stranger = type(maker)(other_authority)
    card = maker.vitale(issued=False)
    foreign = stranger.vitale(serial="19999991")
    foreign.power_on()
    content = foreign.tree.mf.by_fid[0x0001].by_fid[SIGNATURE_FILE].content
    with card.store as store:
        store.commit({"file/3F00/0001/2003": json.dumps({"raw": content.hex()}).encode()})
    session = consultation(vitale=card, ready=False)
    session.present_pin(b"1234")
    error = not_issued(session, lambda session: session.recognise())
    assert "not that of the issuer it names" in str(error)
