"""A card says why it refuses: beside the answer, by clause, with the rule that refused, and without a secret."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from explained import explained
from issued import issued

from bifente.apdu.refusal import CommandPart, Refusal, Why, refusal_behind, refusal_of
from bifente.apdu.secrecy import MarkedBytes
from bifente.apdu.status import SW
from bifente.applets import SmartCard
from bifente.applets.store.errors import StoreFull
from bifente.applets.store.stores import MemoryStore
from bifente.reader.wrappers.t0front import T0Front

MakeMini = Callable[[], SmartCard]
APPLICATION = "00A4040C06A00000000101"


def after(card: SmartCard, *commands: str) -> str:
    """Why the last of *commands* was answered as it was."""
    answer = b""
    for command in commands:
        answer = card.transmit(bytes.fromhex(command))
    explained(card, answer)
    return str(card.last_refusal)


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        (["00A4020C02DEAD"], "6A82: 3F00 has no EF DEAD (ISO/IEC 7816-4:2020 §11.2.2)"),
        (["00A4030C00"], "6A82: 3F00 is the MF, which has no parent (ISO/IEC 7816-4:2020 §11.2.2)"),
        (["00A4000C0101"], "a data field of 1 bytes is not what P1 announces: a file identifier of 2 bytes, or nothing"),
        (["00B0000008"], "6986: no EF is selected in 3F00; SELECT clears the current one"),
        (["00B0890008"], "6A82: no EF of 3F00 has the short identifier 09"),
        (["00A4020C022001", "00B0019108"], "6B00: offset 401 lies outside 3F00/2001, which has 400 bytes"),
        (["00A4020C022001", "00B0018020"], "6282: 3F00/2001 ends 16 bytes after offset 384, Le asked for 32"),
        (["00A4020C022001", "00D6018F020000"], "6A84: 2 bytes from offset 399 do not fit into 3F00/2001"),
        ([APPLICATION, "00B0820008"], "6982: READ BINARY of 3F00/0001/2002 needs pin(01); nothing is proven (ISO/IEC 7816-4:2020 §9.3)"),
        ([APPLICATION, "002000010431323334", "00A4020C022003", "00B0000008"],
         "6982: READ BINARY of 3F00/0001/2003 is never allowed; PIN 01 is verified (ISO/IEC 7816-4:2020 §9.3)"),
        (["0020000100"], "63C3: PIN 01 is not verified; 3 tries are left (a question takes none)"),
        (["002000010431313131"], "63C2: the value is not that of PIN 01; 2 of 3 tries are left"),
        (["002000010431313131"] * 4, "6983: PIN 01 is blocked: no try is left of 3 (ISO/IEC 7816-4:2020 §11.6.6)"),
        (["0020000900"], "6A88: no PIN has the reference in P2; this card has 01, 02"),
        (["002000010441424344"], "6A80: the data field is not 4 to 8 digits in ASCII, as PIN 01 wants them"),
        (["002C030100"], "6982: RESET RETRY COUNTER of PIN 01 needs pin(02); nothing is proven"),
        (["0055000000"], "6D00: this card has no instruction 55; it has 20 VERIFY, 24 CHANGE REFERENCE DATA"),
        (["80A4000C00"], "6E00: the class byte 80 is not one of the interindustry classes"),
        (["01A4000C00"], "6881: the class byte 01 names another logical channel than 0"),
        (["0CA4000C00"], "6882: the class byte 0C announces secure messaging"),
        (["10B0000001"], "6884: READ BINARY takes its data in one command only (ISO/IEC 7816-4:2020 §5.3.3)"),
        (["00A4000C023F"], "6700: the lengths do not add up: Lc does not agree"),
    ],
)  # fmt: skip
def test_the_reason_names_what_was_wrong_and_the_clause(
    mini: SmartCard, commands: list[str], said: str
) -> None:
    reason = after(mini, *commands)
    assert said in reason
    assert reason.endswith(")")


def test_a_role_that_is_missing_and_one_that_is_there() -> None:
    """A Vitale says which professionals may read, and that nobody has proven to be one."""
    vitale = issued("vitale-family")
    assert after(vitale, "00A4040C0A" + vitale.tree.applications[0][0].hex(), "00B0810010")
    refused = []
    for aid, directory in vitale.tree.applications:
        for fid, file in directory.by_fid.items():
            if "auth(" in str(getattr(file, "read_rule", "")):
                vitale.transmit(bytes.fromhex(f"00A4040C{len(aid):02X}{aid.hex()}"))
                refused.append(after(vitale, f"00A4020C02{fid:04X}", "00B0000010"))
    assert any("needs auth(any professional); nothing is proven" in each for each in refused)


def test_a_reason_lasts_until_the_next_command_or_reset(mini: SmartCard) -> None:
    refused = bytes.fromhex("00A4020C02DEAD")
    mini.transmit(refused)
    assert refusal_of(mini) is not None
    mini.transmit(bytes.fromhex("00A4020C022001"))
    assert refusal_of(mini) is None
    for restart in (mini.reset, mini.power_on):
        mini.transmit(refused)
        restart()
        assert refusal_of(mini) is None


def test_a_reason_is_that_of_its_moment(mini: SmartCard) -> None:
    """It is put together when it is read; what has been proven since does not change it."""
    mini.transmit(bytes.fromhex(APPLICATION))
    mini.transmit(bytes.fromhex("00B0820008"))
    refusal = mini.last_refusal
    mini.transmit(bytes.fromhex("002000010431323334"))
    assert str(refusal).count("nothing is proven") == 1


class _Full(MemoryStore):
    """A store that takes no changes."""

    def commit(self, changes: object) -> None:
        raise StoreFull(Path("full.card"))


def test_a_full_disk_is_told(make_mini: MakeMini, monkeypatch: pytest.MonkeyPatch) -> None:
    card = make_mini()
    monkeypatch.setattr(card.persistent, "store", _Full({}))
    assert after(card, "002000010431323334").startswith(
        "6581: the card file failed: cannot be written (disk full)"
    )


def test_a_fault_of_the_emulator_is_told_by_its_kind_alone(
    make_mini: MakeMini, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    card = make_mini()

    def fails(_reference: int) -> None:
        raise RuntimeError("1234")

    monkeypatch.setattr(card.persistent, "accept", fails)
    with caplog.at_level(logging.CRITICAL, logger="bifente.applets"):
        reason = after(card, "002000010431323334")
    caplog.clear()
    assert reason.startswith("6F00: the card itself failed (RuntimeError)")
    assert "1234" not in reason


def test_each_is_logged_when_somebody_listens(mini: SmartCard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="bifente.applets"):
        mini.transmit(bytes.fromhex("00A4020C02DEAD"))
    assert "6A82: 3F00 has no EF DEAD (ISO/IEC 7816-4:2020 §11.2.2)" in caplog.messages


class TestWhatStandsAround:
    """A T=0 front explains what it says itself, and passes on what the card says."""

    @pytest.mark.parametrize(
        ("commands", "said"),
        [
            (["00C0000010"], "6985: nothing waits for GET RESPONSE"),
            (["00A4020C0220"], "6700: a TPDU has 4 or 5 bytes"),
            (["00A4020C02DEAD"], "6A82: 3F00 has no EF DEAD"),
            (["00A4020402200100", "00C00000FF"], "Le asks for 255 bytes and there are"),
            (["00A4020402200100", "00C0010000"], "6A86: P1-P2 of GET RESPONSE are 0000"),
            (["00A4020402200100", "80C0000000"], "6E00: GET RESPONSE has the class byte of the command"),
            (["00A4020C022001", "00B0018820"], "6C08: Le asks for 32 bytes and there are 8"),
        ],
    )
    def test_the_front(self, mini: SmartCard, commands: list[str], said: str) -> None:
        front = T0Front(mini)
        for command in commands:
            explained(front, front.transmit(bytes.fromhex(command)))
        assert said in str(front.last_refusal)

    def test_a_card_that_keeps_silent(self) -> None:
        assert refusal_of(object()) is None
        assert refusal_behind(object(), b"\x6a\x82") is None

    def test_a_reason_of_another_answer_is_not_this_one_s(self, mini: SmartCard) -> None:
        mini.transmit(bytes.fromhex("00A4020C02DEAD"))
        assert refusal_behind(mini, b"\x6a\x82") == mini.last_refusal
        assert refusal_behind(mini, b"\x69\x82") is None


WRONG = ("739184", "740562")
"""Two wrong codes: what a card says of the one it says of the other."""


def forms(digits: str) -> list[str]:
    """Commands in which a code stands where it belongs, and where a faulty program puts it."""
    code = digits.encode().hex()
    packed = f"26{digits}FFFFFFFF"
    double = code + code
    return [
        f"0020000106{code}",
        f"002000010{len(digits)}{code}00",
        f"00200001{code}",
        f"0020{code}",
        f"0020000105{code}",
        f"0020000107{code}",
        f"002000{code[:2]}06{code}",
        f"0020{code[:4]}06{code}",
        f"0020000108{packed}",
        f"1020000106{code}",
        f"0C20000106{code}",
        f"8020000106{code}",
        f"20000106{code}",
        f"000106{code}",
        code,
        packed,
        digits + "FF",
        f"002400010C{double}",
        f"0024000106{code}",
        f"002400010A31323334{code}",
        f"002C00010E3939{code}{code}",
        f"002C00010C{double}",
        f"002C010106{code}",
        f"002C0001{code}",
        f"002A808607{'81' + code}",
        f"00DB3FFF06{code}",
        f"00C2000006{code}",
        f"0055{code}",
    ]  # fmt: skip


@pytest.mark.parametrize("profile", ["gp", "vitale-family"])
@pytest.mark.parametrize("number", range(len(forms(WRONG[0]))))
def test_no_secret_is_in_a_reason(profile: str, number: int, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a digit nor what depends on one: two codes of one length are refused in the same words."""
    said = []
    for digits in WRONG:
        card = T0Front(issued(profile)) if number % 2 else issued(profile)
        with caplog.at_level(logging.DEBUG, logger="bifente.applets"):
            answer = card.transmit(bytes.fromhex(forms(digits)[number]))
        explained(card, answer)
        told = f"{card.last_refusal} {card.last_refusal!r} {caplog.text}"
        assert not any(
            form in told for form in (digits, digits.encode().hex(), digits.encode().hex().upper())
        )
        said.append(str(card.last_refusal))
        caplog.clear()
    assert said[0] == said[1]


def test_deciphered_data_and_keys_are_in_no_reason() -> None:
    """A cryptogram that does not open, or whose padding indicator is missing, is refused by its length alone."""
    card = issued("gp")
    for command in ("00A4040C0DE828BD080F8025000001FF0010", "002000010431323334"):
        assert card.transmit(bytes.fromhex(command)) == b"\x90\x00"
    said = {
        after(card, "0022 41B8 06 800102 840182".replace(" ", ""), f"002A808605{first}{data}00")
        for first in ("80", "82")
        for data in ("31323334", "35363738")
    }
    assert len(said) == 1


def test_marked_bytes_are_hidden_wherever_they_are_put() -> None:
    """Who inserts a secret marks it; a sentence that is given it hides it."""
    marked = MarkedBytes(bytes.fromhex("00A4020C0431323334"), ((5, 9),))
    assert (
        Why("clause", "data {} of {}", (marked[5:], CommandPart(marked, 4, 9))).sentence
        == "data ******** of 04********"
    )
    assert "31" not in repr(Refusal(SW.FILE_NOT_FOUND, Why("clause", "{}", (marked,))))
