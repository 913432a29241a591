"""A kind of card is added by one module (``tests/support/toykind.py``) and one line, and everything knows it."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import toykind

from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.fcp import Fcp, FileDescriptor
from bifente.applets import SmartCard, families, open_card
from bifente.applets.kernel.classes import INTERINDUSTRY, ClassPolicy
from bifente.applets.store.stores import MemoryStore
from bifente.cli.main import main
from bifente.conformance.engine import chosen, run
from bifente.conformance.model import Verdict
from bifente.conformance.target import ConformanceTarget
from bifente.layouts.names import application_name, card_of_atr
from bifente.reader import TwoSlotReader
from bifente.terminal.whichcard import kind_of
from bifente.traces.explanation.explain import explain_bytes
from bifente.workbench.cards.maker import CardMaker
from bifente.workbench.targets import emulated_cards, in_process, over_socket

SELECT = bytes.fromhex("00A4040C04F0544F59")
PROFILE = "kind: toy\nname: Zazie\nadmin: 4711\n"


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "zazie.yaml"
    path.write_text(PROFILE, encoding="utf-8")
    families.register(toykind.family(str(path)))
    yield path
    families.unregister("toy")


@pytest.fixture
def card(profile: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = profile.with_suffix(".card")
    assert main(["card", "create", str(profile), "-o", str(path)]) == 0
    assert "toy card" in capsys.readouterr().out
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_it_is_shown(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = json.loads(printed(capsys, "card", "show", str(card), "--json"))
    assert (seen["kind"], seen["title"]) == ("toy", "toy card")
    assert [pin["reference"] for pin in seen["root"]["pins"]] == ["01", "02", "03"]
    brief = printed(capsys, "card", "show", str(card), "--brief")
    assert "NAME" in brief
    assert "PIN 03" in brief


@pytest.mark.parametrize("options", [(), ("--secrets",)])
def test_what_is_dumped_makes_it_again(
    card: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    dumped, again = card.with_suffix(".dump.yaml"), card.with_suffix(".again")
    printed(capsys, "card", "dump", str(card), *options, "-o", str(dumped))
    assert ("4711" in dumped.read_text(encoding="utf-8")) == bool(options)
    printed(capsys, "card", "create", str(dumped), "-o", str(again))
    differences = json.loads(printed_whatever(capsys, "card", "diff", str(card), str(again), "--json"))
    assert [one["where"] for one in differences] == ([] if options else ["pin/03"])


def printed_whatever(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(list(arguments))
    return capsys.readouterr().out


def test_it_is_changed_and_restored(card: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = printed(capsys, "card", "set", str(card), "NAME", "5A6F65", "--json")
    assert json.loads(changed)["changes"][0]["new"].startswith("5A6F65")
    printed(capsys, "card", "block", str(card), "--puk")
    assert "0 of 3 tries left" in printed(capsys, "card", "show", str(card), "PUK")
    printed(capsys, "card", "restore", str(card))
    assert "3 of 3 tries left" in printed(capsys, "card", "show", str(card), "PUK")


def test_it_is_found_out_by_its_atr_and_its_application(card: Path) -> None:
    assert card_of_atr(toykind.LAYOUT.atr) == "toy card"
    assert application_name(toykind.AID) == "MF of the toy card"
    assert "toy card" in explain_bytes(toykind.LAYOUT.atr)[0]
    with TwoSlotReader() as reader:
        reader.insert(reader.slots[0], open_card(card))
        assert kind_of(reader.link(reader.slots[0])) == "toy"


def test_three_pins_each_with_its_rule(card: Path) -> None:
    """The third writes NAME; the PUK resets both others, and neither of them anything (ISO/IEC 7816-4:2020 §11.6.10)."""
    with TwoSlotReader() as reader:
        reader.insert(reader.slots[0], open_card(card))
        link = reader.link(reader.slots[0])

        def answers(command: str) -> str:
            return link.transmit(bytes.fromhex(command)).hex().upper()

        assert link.transmit(SELECT) == b"\x90\x00"
        assert answers("00D6810001 41") == "6982"
        assert answers("0020000104 31323334") == "9000"
        assert answers("00D6810001 41") == "6982"
        assert answers("0020000304 34373131") == "9000"
        assert answers("00D6810001 41") == "9000"
        assert [answers("0020000304 30303030") for _ in range(3)] == ["63C2", "63C1", "63C0"]
        assert answers("002C00030C 3132333435363738 38383838") == "9000"
        assert answers("0020000304 38383838") == "9000"
        assert answers("002C000208 3132333435363738") == "6982"


@pytest.mark.parametrize("way", [in_process, over_socket])
def test_it_conforms(profile: Path, way: "type[AbstractContextManager[ConformanceTarget]]") -> None:
    if way is over_socket:
        pytest.importorskip("smartcard")
    cases = chosen(["reader"], ["toy"], ["@toy"])
    assert {case.id for case in cases} >= {"reader/atr-structure@toy", "reader/atr-stable@toy"}
    with way(emulated_cards(CardMaker(), ["toy"])) as target:
        report = run(cases, target)
        with target.link("toy") as link:
            assert link.transmit(SELECT) == b"\x90\x00"
            assert link.transmit(bytes.fromhex("00B0810005"))[:5] == b"Zazie"
    assert [(outcome.case, outcome.reason) for outcome in report.failures] == []
    assert report.count(Verdict.PASSED) >= 4


def test_its_name_is_taken_once(profile: Path) -> None:
    with pytest.raises(ValueError, match="toy"):
        families.register(toykind.family(str(profile)))
    with pytest.raises(KeyError):
        families.unregister("cps3")


def test_a_file_of_records_says_so_and_is_not_for_the_binary_commands(profile: Path) -> None:
    """ISO/IEC 7816-4:2020 §11.3.1 and table 11: 6981, and three linear records of four bytes in the FCP."""
    card = powered(profile, INTERINDUSTRY)
    fcp = Fcp.parse(card.transmit(bytes.fromhex("00A4020402 1003 00"))[:-2])
    assert fcp.descriptor == FileDescriptor(0x02, 0x21, 4, 3)
    assert fcp.size == 12
    assert [
        card.transmit(bytes.fromhex(one)).hex() for one in ("00B0000004", "00B0830004", "00D6000001FF")
    ] == ["6981"] * 3
    assert card.transmit(bytes.fromhex("00B0810005"))[:5] == b"Zazie"


class Reversing:
    """Secure messaging for a test: the data field comes backwards, and so do the answers'."""

    def carry(self, card: SmartCard, apdu: CommandAPDU, answer: Callable[[CommandAPDU], bytes]) -> bytes:
        given = answer(CommandAPDU.build(0, apdu.ins, apdu.p1, apdu.p2, apdu.data[::-1], apdu.ne))
        return given[-3::-1] + given[-2:]


def powered(profile: Path, classes: ClassPolicy) -> SmartCard:
    """The toy with another policy of classes."""
    family = toykind.family(str(profile))
    _, records = CardMaker().records(str(profile))
    made = SmartCard(MemoryStore(records), family.layout, family.instructions(), classes=classes)
    made.power_on()
    return made


def test_the_class_policy_of_a_kind_says_which_classes_it_takes(profile: Path) -> None:
    """ISO/IEC 7816-4:2020 §5.4.1: a proprietary class beside 00, three channels each with its own current file."""
    usual, wide = (
        powered(profile, policy)
        for policy in (INTERINDUSTRY, ClassPolicy(channels=3, proprietary=frozenset({0xBC})))
    )
    select, read = "A4020C02 1001", "B0000005"
    assert [usual.transmit(bytes.fromhex(f"{cla}{select}")).hex() for cla in ("BC", "01", "04")] == [
        "6e00", "6881", "6882"
    ]  # fmt: skip
    assert wide.transmit(bytes.fromhex(f"BC{select}")) == b"\x90\x00"
    assert wide.transmit(bytes.fromhex(f"00{read}")) == b"Zazie\x90\x00"
    assert wide.transmit(bytes.fromhex(f"02{read}")).hex() == "6881", "the other channel is closed"
    assert wide.transmit(bytes.fromhex(f"02A4040C{len(toykind.AID):02X}") + toykind.AID) == b"\x90\x00"
    assert wide.transmit(bytes.fromhex(f"02{read}")).hex() == "6986", "the other channel has no current file"
    assert wide.transmit(bytes.fromhex(f"02{select}")) == b"\x90\x00"
    assert wide.transmit(bytes.fromhex(f"02{read}")) == b"Zazie\x90\x00"
    assert wide.transmit(bytes.fromhex(f"03{read}")).hex() == "6881"
    assert wide.transmit(bytes.fromhex(f"9C{read}")).hex() == "6e00"
    wide.transmit(bytes.fromhex("02200001 04 31323334"))
    assert wide.transmit(bytes.fromhex("0020000100")) == b"\x90\x00", "proven to the whole card"
    wide.reset()
    assert wide.transmit(bytes.fromhex(f"02{read}")).hex() == "6881"


def test_secure_messaging_is_taken_off_before_dispatch_and_put_on_after(profile: Path) -> None:
    card = powered(profile, ClassPolicy(secure_messaging=Reversing()))
    assert card.transmit(bytes.fromhex("04A4020C02 0110")) == b"\x90\x00"
    assert card.transmit(bytes.fromhex("04B0000005")) == b"eizaZ\x90\x00"
    assert card.transmit(bytes.fromhex("00B0000005")) == b"Zazie\x90\x00"


@pytest.mark.parametrize("atr", [b"", b"\x3b", bytes.fromhex("3B02145000"), bytes.fromhex("00")])
def test_a_kind_with_an_atr_that_is_none_is_refused(atr: bytes) -> None:
    with pytest.raises(ValueError, match="toy: "):
        replace(toykind.LAYOUT, atr=atr)
