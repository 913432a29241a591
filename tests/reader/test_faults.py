"""What goes wrong when a file says so, and what is said of a file that is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.link import CardRemoved, LinkTimeout
from bifente.reader import TwoSlotReader
from bifente.reader.wrappers.faults import FaultFileError, Faulty, parse_faults, read_faults

ATR_T0 = bytes.fromhex("3B751300004709EA9000")
ATR_T1 = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
READ = bytes.fromhex("00B0000008")
SELECT = bytes.fromhex("00A4040002CAFE")


class Inside:
    """Answers eight bytes; remembers what it was asked."""

    def __init__(self, atr: bytes) -> None:
        self.atr = atr
        self.asked: list[bytes] = []

    def power_on(self) -> bytes:
        return self.atr

    def reset(self) -> bytes:
        return self.atr

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        self.asked.append(command)
        return bytes(range(8)) + b"\x90\x00"


GOOD = bytes(range(8)) + b"\x90\x00"


def faulty(text: str, atr: bytes = ATR_T1) -> tuple[Faulty, Inside, list[float]]:
    """A powered card with the rules of *text*, the card inside, and the sleeps."""
    inside, slept = Inside(atr), list[float]()
    card = Faulty(inside, parse_faults(text), sleep=slept.append)
    card.power_on()
    return card, inside, slept


def answers(card: Faulty, *commands: bytes) -> list[str]:
    return [card.transmit(command).hex().upper() for command in commands]


def test_a_wrong_status_word_instead_of_the_command() -> None:
    card, inside, _ = faulty("faults: [{ins: A4, fault: status, sw: 6A82}]")
    assert answers(card, SELECT, READ) == ["6A82", GOOD.hex().upper()]
    assert inside.asked == [READ]


def test_a_wrong_status_word_after_the_command() -> None:
    card, inside, _ = faulty("faults: [{ins: A4, fault: status, sw: '0020', executed: true}]")
    assert answers(card, SELECT) == ["0020"]
    assert inside.asked == [SELECT]


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("keep: 0", "9000"),
        ("keep: 3", "0001029000"),
        ("keep: 99", "00010203040506079000"),
        ("keep: 2, status_word: false", "0001"),
        ("keep: 9, status_word: no", "000102030405060790"),
    ],
)
def test_a_truncated_answer(how: str, answer: str) -> None:
    card, inside, _ = faulty(f"faults: [{{fault: truncated, {how}}}]")
    assert answers(card, READ) == [answer]
    assert inside.asked == [READ]


def test_a_mute_card_is_mute_until_a_reset() -> None:
    card, inside, slept = faulty("faults: [{ins: A4, nth: 1, fault: mute, seconds: 2.5}]")
    for command in (SELECT, READ):
        with pytest.raises(LinkTimeout):
            card.transmit(command)
    assert inside.asked == []
    assert slept == [2.5, 2.5]
    card.reset()
    assert answers(card, READ, SELECT) == [GOOD.hex().upper()] * 2


def test_a_mute_card_may_have_done_it() -> None:
    card, inside, slept = faulty("faults: [{fault: mute, executed: true}]")
    with pytest.raises(LinkTimeout):
        card.transmit(READ)
    assert inside.asked == [READ]
    assert slept == []


@pytest.mark.parametrize("executed", [False, True])
def test_a_removed_card_is_gone_until_it_is_put_in(executed: bool) -> None:
    card, inside, _ = faulty(f"faults: [{{nth: 1, fault: removed, executed: {str(executed).lower()}}}]")
    for _ in range(2):
        with pytest.raises(CardRemoved):
            card.transmit(READ)
        with pytest.raises(CardRemoved):
            card.reset()
    assert inside.asked == [READ] * executed
    card.power_on()
    assert answers(card, READ) == [GOOD.hex().upper()]


def test_61_never_ends_until_another_command() -> None:
    card, inside, _ = faulty("faults: [{ins: A4, nth: 1, fault: endless61, available: 16}]")
    more = bytes.fromhex("00C0000010")
    assert answers(card, SELECT) == ["6110"]
    assert answers(card, *[more] * 300) == ["00" * 16 + "6110"] * 300
    assert answers(card, bytes.fromhex("00C0000004"), bytes.fromhex("00C0000000")) == [
        "00" * 4 + "6110",
        "00" * 16 + "6110",
    ]
    assert inside.asked == []
    assert answers(card, READ) == [GOOD.hex().upper()]
    assert inside.asked == [READ]


def test_61_00_announces_256_bytes() -> None:
    card, _, _ = faulty("faults: [{ins: A4, fault: endless61, available: 256}]")
    assert answers(card, SELECT, bytes.fromhex("00C0000000")) == ["6100", "00" * 256 + "6100"]


def test_delays_add_up_and_leave_the_answer() -> None:
    card, _, slept = faulty(
        "faults:\n- {fault: delay, seconds: 0.5}\n- {ins: B0, fault: delay, seconds: 1}\n- {ins: B0, fault: status, sw: 6F00}"
    )
    assert answers(card, READ, SELECT) == ["6F00", GOOD.hex().upper()]
    assert slept == [0.5, 1.0, 0.5]
    assert card.happened == [(0, "delay"), (1, "delay"), (2, "status"), (0, "delay")]


@pytest.mark.parametrize(
    ("condition", "command", "holds"),
    [
        ("ins: b0", "00B0000008", True),
        ("ins: [A4,'B0']", "00B0000008", True),
        ("ins: A4", "00B0000008", False),
        ("cla: '00'", "00B0000008", True),
        ("cla: 0C", "00B0000008", False),
        ("p1p2: 9E9A", "002A9E9A00", True),
        ("p1p2: [9E9A,'0000']", "00B0000008", True),
        ("p1p2: '0001'", "00B0000008", False),
        ("p1p2: '0000'", "00B0", False),
        ("ins: B0, p1p2: '0001'", "00B0000008", False),
        ("pattern: 00B0000008", "00B0000008", True),
        ("pattern: 00 b0 ?? ?0 *", "00B0170008", True),
        ("pattern: 00 B0 *", "00B0", True),
        ("pattern: 00 B0 ??", "00B0", False),
        ("pattern: 00 B0", "00B0000008", False),
        ("pattern: '*'", "00B0000008", True),
        ("pattern: ?1*", "00B0000008", False),
        ("nth: 2", "00B0000008", False),
        ("probability: 0", "00B0000008", False),
        ("probability: 1", "00B0000008", True),
        ("ins: 0x84", "0084000008", True),
    ],
)
def test_conditions(condition: str, command: str, holds: bool) -> None:
    card, _, _ = faulty("faults:\n- fault: status\n  sw: 6F01\n  " + condition.replace(", ", "\n  "))
    assert (answers(card, bytes.fromhex(command)) == ["6F01"]) is holds


def test_nth_counts_what_the_other_conditions_admit_over_resets() -> None:
    card, _, _ = faulty("faults: [{ins: B0, nth: [2, 4], fault: status, sw: 6F00}]")
    seen = []
    for _ in range(5):
        seen.append(card.transmit(READ) == b"\x6f\x00")
        card.transmit(SELECT)
        card.reset()
    assert seen == [False, True, False, True, False]


def test_times_is_the_most() -> None:
    card, _, _ = faulty("faults: [{times: 2, fault: status, sw: 6F00}]")
    assert answers(card, READ, READ, READ) == ["6F00", "6F00", GOOD.hex().upper()]


def test_chance_is_repeated_with_its_seed() -> None:
    def luck(seed: int, before: str = "") -> list[bool]:
        text = f"seed: {seed}\nfaults: [{{ins: B0, probability: 0.3, fault: status, sw: 6F00}}{before}]"
        card, _, _ = faulty(text)
        return [card.transmit(READ) == b"\x6f\x00" for _ in range(200)]

    first = luck(7)
    assert first == luck(7)
    assert first == luck(7, ", {probability: 0.5, fault: delay, seconds: 0}")
    assert first != luck(8)
    assert 30 < sum(first) < 90


def test_a_t0_card_is_broken_outside_its_front() -> None:
    card, inside, _ = faulty("faults: [{ins: C0, nth: 1, fault: status, sw: 6F00}]", ATR_T0)
    assert card.speaks_tpdu
    assert answers(card, SELECT, bytes.fromhex("00C0000008")) == ["6108", "6F00"]
    signed = bytes.fromhex("0088000001AA00")
    assert answers(card, signed, bytes.fromhex("00C0000008")) == ["6108", GOOD.hex().upper()]
    assert inside.asked == [SELECT + b"\0", signed]


def test_in_a_reader_there_is_one_front() -> None:
    card, _, _ = faulty("faults: [{ins: 88, fault: endless61}]", ATR_T0)
    with TwoSlotReader() as reader:
        reader.insert("CPS", card)
        with reader.link("CPS") as link:
            assert link.transmit(bytes.fromhex("0088000001AA")) == b"\x61\x10"
            assert link.transmit(bytes.fromhex("00C0000010")) == bytes(16) + b"\x61\x10"


BAD = [
    ("", "f:1: faults is missing"),
    ("faults: [", "f:1: "),
    ("- a", "f:1: members are expected, name: value"),
    ("faults: 3", "f:1: faults: a list is expected"),
    ("faults:\n- 3", "f:2: faults[1]: members are expected, name: value"),
    ("faults:\n- ins: A4\n  sw: 6A82", "f:2: faults[1]: fault is missing"),
    ("faults:\n- fault: status\n", "f:2: faults[1]: sw is missing"),
    ("faults:\n- fault: status\n  sw: 6A8", "f:3: faults[1].sw: write 4 hexadecimal digits, not '6A8'"),
    (
        "faults:\n- ins:\n  - A4\n  - A\n  fault: delay\n  seconds: 1",
        "f:4: faults[1].ins[2]: write 2 hexadecimal digits, not 'A'",
    ),
    (
        "faults:\n- fault: explode",
        "f:2: faults[1].fault: there is no such fault; there are status, truncated, ",
    ),
    (
        "faults:\n- fault: delay\n  seconds: 1\n  sw: 9000",
        "f:4: faults[1].sw: there is no such condition or setting",
    ),
    ("faults:\n- fault: delay\n  seconds: -1", "f:3: faults[1].seconds: "),
    ("faults:\n- fault: delay\n  seconds: nan", "f:3: faults[1].seconds: "),
    ("faults:\n- fault: delay\n  seconds: 1\n  probability: 2", "f:4: faults[1].probability: "),
    ("faults:\n- fault: delay\n  seconds: 1\n  nth: 0", "f:4: faults[1].nth[1]: "),
    (
        "faults:\n- fault: truncated\n  keep: 1\n  status_word: false",
        "f:2: faults[1]: every answer has two bytes at least",
    ),
    ("faults:\n- fault: endless61\n  available: 257", "f:3: faults[1].available: "),
    ("faults:\n- pattern: 0?0\n  fault: mute", "f:2: faults[1].pattern: write whole bytes"),
    ("faults:\n- pattern: '* 00'\n  fault: mute", "f:2: faults[1].pattern: write whole bytes"),
    ("faults:\n- fault: mute\n  fault: mute", "f:3: faults[1].fault: stands twice"),
    ("faults: []\n? [x]\n: 1", "f:2: a key is a text"),
    ("a: &x [*x]", "f:1: a[1]: aliases are not taken"),
    ("faults: [[[[[[[[[[[[]]]]]]]]]]]]", "f:1: faults[1]: members are expected"),
    (f"faults: {'[' * 5000}", "f:1: nested too deeply"),
    ("seed: x\nfaults: []", "f:1: seed: "),
]


@pytest.mark.parametrize(("text", "complaint"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_a_wrong_file_is_told_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(FaultFileError) as caught:
        parse_faults(text, "f")
    assert caught.value.problems[0].startswith(complaint)


def test_all_problems_are_told() -> None:
    with pytest.raises(FaultFileError) as caught:
        parse_faults("faults:\n- fault: status\n- fault: delay\n", "f")
    assert caught.value.problems == ["f:2: faults[1]: sw is missing", "f:3: faults[2]: seconds is missing"]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 3\nfaults:\n- fault: mute\n")
    assert read_faults(path).seed == 3
    path.write_bytes(b"seed: 3\nfaults: [] # \xe9\n")
    with pytest.raises(FaultFileError, match=r"f\.yaml:2: not UTF-8"):
        read_faults(path)
    path.write_bytes(b"#" * (2 << 20))
    with pytest.raises(FaultFileError, match="longer"):
        read_faults(path)
    with pytest.raises(FileNotFoundError):
        read_faults(tmp_path / "none")


def test_the_example_of_the_module_is_right() -> None:
    import textwrap

    from bifente.reader.wrappers import faultrules

    assert faultrules.__doc__ is not None
    block = faultrules.__doc__.partition("yaml\n\n")[2].partition("\n\nAll conditions")[0]
    rules = parse_faults(textwrap.dedent(block))
    assert [rule.fault for rule in rules.faults] == ["status", "delay", "truncated"]


@given(st.text(max_size=200) | st.text("faults:-[]{} \nstatuswikep0?*&!", max_size=80))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        parse_faults(text)
    except FaultFileError as error:
        told = error.problems
    else:
        told = []
    assert all(line.startswith("faults:") for line in told)


@given(
    st.lists(st.binary(max_size=12), max_size=12),
    st.sampled_from(
        ["status, sw: 6F00", "truncated, keep: 2, status_word: no", "endless61", "delay, seconds: 0"]
    ),
)
def test_every_answer_has_two_bytes(commands: list[bytes], fault: str) -> None:
    card, _, _ = faulty(f"faults: [{{probability: 0.5, fault: {fault}}}]")
    assert all(len(card.transmit(command)) >= 2 for command in commands)


def test_the_example_of_the_documentation_is_right_and_its_table_complete() -> None:
    from bifente.reader.wrappers.faultrules import FAULTS

    page = (Path(__file__).parents[2] / "docs" / "reader.md").read_text(encoding="utf-8")
    section = page.partition("### Faults")[2].partition("\n### ")[0]
    rules = parse_faults(section.partition("```yaml\n")[2].partition("```")[0])
    assert len(rules.faults) == 4
    assert set(FAULTS) == {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")}
