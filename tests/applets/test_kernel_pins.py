"""PIN and PUK: tables of commands, and a state machine against a small oracle."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from bifente.applets import SmartCard

Talk = Callable[[str], str]

PIN, WRONG, PUK = "002000010431323334", "002000010439393939", "0020000208 3132333435363738"
WRONG_PUK = "00200002083939393939393939"

DIALOGUES = [
    ("status of a fresh PIN", ["0020000100 63C3", "00200001 63C3"]),
    ("status, with whatever Le", ["0020000110 63C3"]),
    ("a right PIN", [f"{PIN} 9000", "0020000100 9000"]),
    ("wrong PINs down to blocked", [f"{WRONG} 63C2", f"{WRONG} 63C1", f"{WRONG} 63C0", f"{PIN} 6983", "0020000100 6983"]),
    ("a right PIN restores the tries", [f"{WRONG} 63C2", f"{PIN} 9000", f"{WRONG} 63C2"]),
    ("a wrong PIN ends what the right one had opened", [f"{PIN} 9000", f"{WRONG} 63C2", "0020000100 63C2"]),
    ("log-out", [f"{PIN} 9000", "0020FF01 9000", "0020000100 63C3"]),
    ("log-out of everything", [f"{PIN} 9000", "0020FF00 9000", "0020000100 63C3"]),
    ("log-out of an unknown reference", ["0020FF07 6A88"]),
    ("log-out with data", ["0020FF010431323334 6A87"]),
    ("a PIN of three digits is malformed, not wrong", ["0020000103313233 6A80", "0020000100 63C3"]),
    ("a PIN of nine digits is malformed", ["0020000109313233343536373839 6A80", "0020000100 63C3"]),
    ("letters are malformed", ["002000010441424344 6A80", "0020000100 63C3"]),
    ("a longer PIN that begins with the right one is wrong", ["00200001053132333435 63C2"]),
    ("an unknown reference", ["0020000300 6A88", "0020000700 6A88"]),
    ("P1 that is neither", ["0020010100 6A86"]),
    ("VERIFY with data and Le", ["00200001043132333400 6700"]),
    ("CHANGE", ["002400010831323334 34333231 9000", "002000010434333231 9000", f"{PIN} 63C2"]),
    ("CHANGE to a longer PIN", ["002400010A31323334353637383930 9000", "0020000106353637383930 9000"]),
    ("CHANGE with a wrong old PIN costs a try", ["00240001083939393934333231 63C2", f"{PIN} 9000"]),
    ("CHANGE to a malformed PIN", ["00240001083132333441424344 6A80", "0020000100 63C3", f"{PIN} 9000"]),
    ("CHANGE to nothing enough", ["002400010831323334353637 6700"]),
    ("CHANGE to a PIN of nine digits", ["002400010D31323334353637383930313233 6A80", f"{PIN} 9000"]),
    ("CHANGE of 17 bytes", ["0024000111" + "31" * 17 + " 6700"]),
    ("CHANGE with new value only", ["002401010834333231 34333231 6A86"]),
    ("CHANGE of the PUK", ["00240002103132333435363738 3837363534333231 6982"]),
    ("CHANGE of a blocked PIN", [f"{WRONG} 63C2", f"{WRONG} 63C1", f"{WRONG} 63C0", "002400010831323334 34333231 6983"]),
    ("unblock: PUK, then new PIN", [f"{WRONG} 63C2", f"{WRONG} 63C1", f"{WRONG} 63C0", f"{PUK} 9000", "002C02010435353535 9000", f"{PIN} 63C2", "002000010435353535 9000"]),
    ("unblock without new PIN", [f"{WRONG} 63C2", f"{PUK} 9000", "002C0301 9000", "0020000100 63C3", f"{PIN} 9000"]),
    ("unblock in one command", [f"{WRONG} 63C2", "002C00010C313233343536373835353535 9000", "002000010435353535 9000"]),
    ("unblock in one command, code only", [f"{WRONG} 63C2", "002C0101083132333435363738 9000", "0020000100 63C3"]),
    ("a verified PUK serves one reset", [f"{PUK} 9000", "002C0301 9000", "002C0301 6982", "002C02010435353535 6982", "0020000200 63CA"]),
    ("one reset with a new PIN", [f"{PUK} 9000", "002C02010435353535 9000", "002C0301 6982", "002000010435353535 9000"]),
    ("a refused reset leaves it verified", [f"{PUK} 9000", "002C020103353535 6A80", "002C02010435353535 9000"]),
    ("its last use, verified alone, resets nothing", [f"{PUK} 9000", f"{PUK} 9000", "002C0301 6983", "002C02010435353535 6983", "002C0101083132333435363738 6983"]),
    ("its last use resets with the command that takes it", [f"{PUK} 9000", "002C00010C313233343536373835353535 9000", "002C00010C313233343536373835353535 6983", "002C0301 6983"]),
    ("guessing goes on for as many tries as the PUK has uses", [f"{WRONG} 63C2", f"{PUK} 9000", "002C0301 9000", f"{WRONG} 63C2", f"{WRONG} 63C1", f"{WRONG} 63C0", "002C0301 6982", f"{PIN} 6983"]),
    ("unblock without PUK", ["002C02010435353535 6982", "002C0301 6982"]),
    ("unblock with a wrong PUK", ["002C00010C393939393939393935353535 63C9", "0020000200 63C9"]),
    ("unblock to a malformed PIN leaves the PUK its tries", ["002C00010B3132333435363738353535 6A80", "0020000200 63CA"]),
    ("unblock the PUK", [f"{PUK} 9000", "002C02020839393939393939 39 6982"]),
    ("a new PIN from the PUK is not yet presented", [f"{PIN} 9000", f"{PUK} 9000", "002C02010435353535 9000", "0020000100 63C3"]),
    ("the PUK is spent after its uses", [f"{PUK} 9000", f"{PUK} 9000", f"{PUK} 6983"]),
    ("ten wrong PUKs are the end", [f"{WRONG_PUK} 63C{left:X}" for left in range(9, -1, -1)] + [f"{PUK} 6983"]),
    ("RESET RETRY COUNTER with P1 beyond", ["002C040104 31323334 6A86"]),
    ("RESET RETRY COUNTER without its data", ["002C0201 6700", "002C03010431323334 6700"]),
    ("RESET RETRY COUNTER of an unknown reference", ["002C02090431323334 6A88"]),
]  # fmt: skip


@pytest.mark.parametrize("lines", [row[1] for row in DIALOGUES], ids=[row[0] for row in DIALOGUES])
def test_dialogues(talk: Talk, lines: list[str]) -> None:
    for line in lines:
        command, _, answer = line.rpartition(" ")
        assert talk(command.replace(" ", "")) == answer, line


def test_counters_are_written_before_the_answer(mini: SmartCard, talk: Talk) -> None:
    talk(WRONG)
    assert mini.store.get("pin/01/left") == b"\x02"
    mini.power_off()
    mini.power_on()
    assert talk("0020000100") == "63C2"


def test_the_data_object_counts_with_the_status_word(talk: Talk) -> None:
    talk(WRONG)
    talk("0020000208 3132333435363738".replace(" ", ""))
    pin = talk("00CB3FFF0A4D087006BF810102A08000")
    puk = talk("00CB3FFF0A4D087006BF810202A08000")
    assert "9A01039B0102" in pin
    assert "9A010A9B010A9D020001" in puk


DIGITS = st.sampled_from(["1234", "12345", "4321", "9999", "87654321", "12345678"])
PUKS = st.sampled_from(["12345678", "99999999"])


class Oracle(RuleBasedStateMachine):
    """The card against an oracle of a few lines: values, tries, uses, and what is verified."""

    make: Callable[[], SmartCard]

    def __init__(self) -> None:
        super().__init__()
        self.card = self.make()
        self.value, self.left = "1234", 3
        self.puk_left, self.puk_uses = 10, 2
        self.verified: set[int] = set()

    def send(self, command: str) -> str:
        return self.card.transmit(bytes.fromhex(command)).hex().upper()

    @rule(value=DIGITS)
    def verify(self, value: str) -> None:
        answer = self.send(f"00200001{len(value):02X}{value.encode().hex()}")
        if not self.left:
            assert answer == "6983"
        elif value == self.value:
            assert answer == "9000"
            self.left = 3
            self.verified.add(1)
        else:
            self.left -= 1
            self.verified.discard(1)
            assert answer == f"63C{self.left}"

    @rule(old=DIGITS, new=DIGITS)
    def change(self, old: str, new: str) -> None:
        data = old + new
        answer = self.send(f"00240001{len(data):02X}{data.encode().hex()}")
        size = len(self.value)
        if not 8 <= len(data) <= 16:
            assert answer == "6700"
        elif not self.left:
            assert answer == "6983"
        elif data[:size] != self.value:
            self.left -= 1
            self.verified.discard(1)
            assert answer == f"63C{self.left}"
        elif not 4 <= len(data) - size <= 8:
            self.left = 3
            assert answer == "6A80"
        else:
            self.value, self.left = data[size:], 3
            assert answer == "9000"

    @rule(value=PUKS)
    def verify_puk(self, value: str) -> None:
        answer = self.send(f"0020000208{value.encode().hex()}")
        if not self.puk_left or not self.puk_uses:
            assert answer == "6983"
        elif value == "12345678":
            assert answer == "9000"
            self.puk_left, self.puk_uses = 10, self.puk_uses - 1
            self.verified.add(2)
        else:
            self.puk_left -= 1
            self.verified.discard(2)
            assert answer == f"63C{self.puk_left:X}"

    @rule(value=DIGITS)
    def unblock(self, value: str) -> None:
        answer = self.send(f"002C0201{len(value):02X}{value.encode().hex()}")
        if 2 in self.verified and not self.puk_uses:
            assert answer == "6983"
        elif 2 in self.verified:
            self.value, self.left = value, 3
            self.verified.clear()
            assert answer == "9000"
        else:
            assert answer == "6982"

    @rule(path=st.sampled_from(["3F00", "3F0000012002", "3F000002"]))
    def select(self, path: str) -> None:
        assert self.send(f"00A4080C{len(path) // 2:02X}{path}") == "9000"

    @rule()
    def read_guarded(self) -> None:
        self.select("3F0000012002")
        assert self.send("00B0000001") == ("679000" if 1 in self.verified else "6982")

    @rule()
    def log_out(self) -> None:
        assert self.send("0020FF01") == "9000"
        self.verified.clear()

    @rule(cold=st.booleans())
    def lose_power(self, cold: bool) -> None:
        if cold:
            self.card.power_off()
            self.card.power_on()
        else:
            self.card.reset()
        self.verified.clear()

    @invariant()
    def status_agrees(self) -> None:
        expected = "9000" if 1 in self.verified else "6983" if not self.left else f"63C{self.left}"
        assert self.send("0020000100") == expected
        assert self.card.store.get("pin/01/left") == bytes((self.left,))


def test_pins_against_an_oracle(make_mini: Callable[[], SmartCard]) -> None:
    class Machine(Oracle):
        make = staticmethod(make_mini)

    run_state_machine_as_test(Machine)


def test_two_cards_share_nothing(make_mini: Callable[[], SmartCard]) -> None:
    one, other = make_mini(), make_mini()
    assert one.transmit(bytes.fromhex(WRONG)).hex() == "63c2"
    assert other.transmit(bytes.fromhex(PIN)).hex() == "9000"
    assert one.transmit(bytes.fromhex("0020000100")).hex() == "63c2"
