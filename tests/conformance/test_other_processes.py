"""``bifente conform --reader``: readers that another process serves, and a real pcscd with vsmartcard's driver."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from pcscd import Pcscd, isolated_pcscd, unavailable

from bifente.reader.vpcd import VpcdSettings, serve_vpcd
from bifente.testing.emulated import EmulatedReader, Wanted, emulated_reader
from bifente.workbench.cards.maker import CardMaker

pytest.importorskip("smartcard")

BIFENTE = Path(sys.executable).with_name("bifente")
VPCD_CLIENT = Path(__file__).parents[1] / "reader" / "clients" / "vpcd_client.py"
SLOTS = ("Virtual PCD 00 00", "Virtual PCD 00 01")
SECRETS = ("--pin", "1234", "--puk", "12345678", "--destructive")


@pytest.fixture(scope="module")
def maker() -> CardMaker:
    return CardMaker()


@pytest.fixture(scope="module")
def served(maker: CardMaker) -> Iterator[EmulatedReader]:
    """A reader that this process serves; its cards could as well be somebody's."""
    with emulated_reader(maker, Wanted(vitale="vitale-volets", over="socket")) as reader:
        yield reader


def conform(
    environment: Mapping[str, str], *arguments: str | Path, code: int = 0
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [BIFENTE, "conform", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def verdicts(path: Path) -> dict[str, str]:
    return {item["case"]: item["verdict"] for item in json.loads(path.read_text())["outcomes"]}


def test_emulated_cards_that_another_process_serves(served: EmulatedReader, tmp_path: Path) -> None:
    done = conform(
        served.environment,
        *(
            "--reader",
            "[CPS]",
            "--reader",
            "[Vitale]",
            "--emulated",
            "--json-file",
            tmp_path / "a.json",
            *SECRETS,
        ),
    )
    assert re.search(r"\d{3} passed, 0 failed", done.stdout)


def test_a_real_card_is_refused_without_its_serial(served: EmulatedReader) -> None:
    done = conform(served.environment, "--reader", "[CPS]", code=3)
    assert "--serial" in done.stderr


def test_another_card_is_refused(served: EmulatedReader) -> None:
    done = conform(served.environment, "--reader", "[CPS]", "--serial", "99999999", code=3)
    assert "not the card 99999999" in done.stderr


def test_a_real_card_is_tested_without_a_try_and_shows_nothing(
    served: EmulatedReader, tmp_path: Path
) -> None:
    assert served.vitale is not None
    number = served.vitale.session().pan()[5:9].hex()
    path = tmp_path / "real.json"
    done = conform(served.environment, "--reader", "[Vitale]", "--serial", number, "--json-file", path)
    assert re.search(r"\d{2,3} passed, 0 failed", done.stdout)
    assert "not run: needs an emulated card, whose content is known" in done.stdout
    assert b"PERRIN".hex().upper() not in path.read_text().upper()


def test_a_wrong_pin_costs_one_try_and_ends_the_run(maker: CardMaker) -> None:
    with emulated_reader(maker, Wanted(over="socket")) as reader:
        assert reader.cps is not None
        serial = reader.cps.session().serial()
        arguments = ("--reader", "[CPS]", "--serial", serial, "--pin", "9999", "--destructive")
        for code, left, said in ((6, 2, "2 tries"), (6, 1, "1 tr"), (3, 1, "one try left")):
            done = conform(reader.environment, *arguments, code=code)
            assert said in done.stderr
            assert reader.cps.session().pin_status().tries_left == left


def test_a_reader_that_is_not_there(served: EmulatedReader) -> None:
    done = conform(served.environment, "--reader", "Omnikey", code=3)
    assert "there are: 1 bifente [CPS] 00 00, 2 bifente [Vitale] 00 01" in done.stderr


def test_a_name_that_may_be_either(served: EmulatedReader) -> None:
    assert "may be any of" in conform(served.environment, "--reader", "bifente", code=3).stderr
    done = conform(
        served.environment,
        *("--reader", "bifente", "--slot", "CPS", "--slot", "vitale", "--emulated", "--suite", "vitale"),
    )
    assert "bifente [CPS] 00 00, bifente [Vitale] 00 01: " in done.stdout


@pytest.fixture(scope="module")
def pcscd(require_tool: Callable[[str], str]) -> Iterator[Pcscd]:
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    require_tool("pcscd")
    require_tool("vpcd-config")
    with isolated_pcscd() as daemon:
        yield daemon


def test_pcscd_with_vpcd_gives_the_same_verdicts(pcscd: Pcscd, maker: CardMaker, tmp_path: Path) -> None:
    """What runs on both ends alike; what the driver does not have says so."""
    ours, theirs = tmp_path / "socket.json", tmp_path / "vpcd.json"
    with pcscd.inside(
        lambda: serve_vpcd([maker.card("gp"), maker.card("vitale-volets")], VpcdSettings(retry=0.05))
    ):
        for slot in SLOTS:
            seen = pcscd.run(sys.executable, str(VPCD_CLIENT), "atr", slot)
            assert seen.returncode == 0, seen.stderr
        readers = [part for slot in SLOTS for part in ("--reader", slot)]
        conform(pcscd.environment, *readers, "--emulated", "--json-file", theirs, *SECRETS)
    conform({}, "--over", "socket", "--card", "cps3", "--card", "vitale2", "--json-file", ours)
    one, other = verdicts(ours), verdicts(theirs)
    assert one.keys() == other.keys()
    different = {case for case in one if one[case] != other[case]}
    by_driver = {
        "reader/attributes",
        "reader/features",
        "reader/feature-properties",
        "reader/buffer-attribute",
    }
    assert {case for case in different if other[case] != "skipped"} == set()
    assert {case for case in different if "removal" not in case} <= by_driver | {
        "reader/reinsertion-is-fresh",
        "reader/connect-no-card",
        "reader/moves-not-lost",
        "reader/removed-card",
        "reader/other-slot-quiet",
    }
