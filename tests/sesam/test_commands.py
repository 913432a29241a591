"""``bifente sesam serve`` and ``run``, and what they say."""

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sesamdesk import answers, run_client

from bifente.cli.main import main

BIFENTE = str(Path(sys.executable).with_name("bifente"))
GOOD = ["0000", "0000", "0000"]


@pytest.fixture
def program(client, libraries, monkeypatch) -> Path:
    monkeypatch.setattr("bifente.workbench.sesam.building.default_libraries", lambda *_, **__: libraries)
    return client("reading.c", "ssvlux64")


@pytest.fixture
def pair(bench) -> list[str]:
    return ["--igc", bench.igc, bench.card("gp"), bench.card("vitale-single")]


def codes(output: str) -> list[str]:
    said = answers(output)
    return [said[name][0] for name in ("config", "ps", "droits")]


def test_a_program_runs_over_two_cards(program, pair, capfd) -> None:
    assert main(["sesam", "run", *pair, "--", str(program)]) == 0
    assert codes(capfd.readouterr().out) == GOOD


def test_the_trace_has_the_calls_beside_their_apdus_and_no_pin(program, pair, capfd) -> None:
    assert main(["sesam", "run", "--trace", *pair, "--", str(program)]) == 0
    shown = capfd.readouterr().err.splitlines()
    at = next(at for at, line in enumerate(shown) if "SSV_LireCartePS" in line)
    assert re.fullmatch(
        r'3 reading\[\d+\] SSV_LireCartePS\(ps="CPS", reader="TRANSPA2", pin=\*\*\*\*\)', shown[at]
    )
    assert shown[at + 1].startswith("    [CPS] 00A404")
    assert any(re.match(r"    \[CPS\] 0020000104\*{8} -> 9000", line) for line in shown)
    end = next(line for line in shown if line.startswith("3 -> "))
    assert "0000 [1 Titulaire de la carte de professionnel de santé, 2 Situation de facturation]" in end
    assert any("101 Données assuré" in line for line in shown)
    assert not re.search(r"0020000104[^*]", "\n".join(shown))


def test_the_calls_have_a_lane_on_the_page_of_a_recorded_trace(program, pair, bench, capfd) -> None:
    record, page = bench.path("said.jsonl"), bench.path("said.html")
    assert main(["sesam", "run", "--record", record, *pair, "--", str(program)]) == 0
    capfd.readouterr()
    assert main(["trace", "show", record, "--html", page]) == 0
    shown = Path(page).read_text(encoding="utf-8")
    assert ">GALSS/SSV<small>calls</small>" in shown
    assert "SSV_LireDroitsVitale(ps=&quot;CPS&quot;" in shown
    assert shown.index("SSV_LireCartePS") < shown.index("VERIFY") < shown.index("3 → 0000")
    assert main(["trace", "show", record]) == 0
    assert "4 → 0000 [101 Données assuré" in capfd.readouterr().out
    for kind in ("clf", "pcsc-spy", "pcscd", "gppro", "apduplay", "dump", "hex", "pcapng"):
        options = ["-o", bench.path(f"said.{kind}"), "--to", kind, "--slot", "CPS"]
        assert main(["trace", "convert", record, *options]) == 0


def test_the_program_finds_its_ini_files_and_its_code_is_ours(program, pair, capfd) -> None:
    script = 'grep -c RepertoireTravail "$BIFENTE_SESAM_INI"; grep -h TRANSPA2 "$BIFENTE_GALSS_INI"; exit 7'
    assert main(["sesam", "run", *pair, "--", "sh", "-c", script]) == 7
    assert capfd.readouterr().out == "1\nNomAlias1=TRANSPA2\n"


def test_values_for_the_configuration_and_waits(program, pair, tmp_path, capfd) -> None:
    values, ini = tmp_path / "values.ini", tmp_path / "sesam.ini"
    values.write_text("[61]\n1 = MAKER\n[64]\n1=1\n2=one\n3=0100\n4=2\n5=two\n", encoding="utf-8")
    ini.write_text("[SSV]\ntempoexclusivite=10\nrepetitionexclusivite=2\n", encoding="utf-8")
    options = ["--config", str(values), "--sesam-ini", str(ini)]
    assert main(["sesam", "run", *options, *pair, "--", str(program)]) == 0
    zone = answers(capfd.readouterr().out)["config"][1]
    assert b"\x05MAKER" in zone
    assert zone.count(b"\0\x40") == 2
    for wrong, pattern in (
        ("[70]\n1=x\n", "is not a group"),
        ("[60]\n4=x\n", "has fields 1 to 3"),
        ("1=x\n", "not an ini file"),
        ("[60]\n1=\u20ac\n", "Latin-1"),
    ):
        values.write_text(wrong, encoding="utf-8")
        assert main(["sesam", "run", *options, *pair, "--", str(program)]) == 3
        assert pattern in capfd.readouterr().err
    ini.write_text("[SSV]\ntempoexclusivite=long\n", encoding="utf-8")
    assert main(["sesam", "run", "--sesam-ini", str(ini), *pair, "--", str(program)]) == 3
    assert "tempoexclusivite" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "--", "true"], 2),
        (["run", "x.card", "--"], 2),
        (["run", "1", "2", "3", "--", "true"], 2),
        (["run", "none.card", "--", "true"], 4),
        (["serve"], 2),
        (["serve", "--port", "1234", "x.card"], 2),
    ],
)
def test_what_cannot_be_served(arguments, code, capfd, bench, program) -> None:
    assert main(["sesam", *arguments]) == code
    assert "Traceback" not in capfd.readouterr().err


def test_serve_until_it_is_told_to_end(pair, program, libraries, bench) -> None:
    serving = subprocess.Popen(
        [BIFENTE, "sesam", "serve", "--as", "desk", *pair],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert serving.stdout is not None
        variable, _, place = shlex.split(serving.stdout.readline())[1].partition("=")
        assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
        environment = {variable: place, "LD_LIBRARY_PATH": str(libraries)}
        assert codes(run_client(program, environment).stdout) == GOOD
        assert main(["reader", "remove", "Vitale", "--as", "desk"]) == 0
        assert codes(run_client(program, environment).stdout) == ["0000", "0000", "F011"]
        assert main(["reader", "insert", pair[-1], "--as", "desk"]) == 0
        assert codes(run_client(program, environment).stdout) == GOOD
    finally:
        serving.send_signal(signal.SIGTERM)
        _, errors = serving.communicate(timeout=30)
    assert (serving.returncode, errors) == (0, "")
    assert not Path(place).exists()
    assert codes(run_client(program, environment).stdout) == ["8002"] * 3


def test_cards_in_readers_that_pcsc_sees(pair, program, libraries, monkeypatch) -> None:
    """Served by us as anybody's readers would be, and reached by their names."""
    pytest.importorskip("smartcard")
    igc, cps, vitale = pair[1:]
    inner = f"""
from bifente.workbench.sesam import building
building.default_libraries = lambda *_, **__: __import__("pathlib").Path({str(libraries)!r})
from bifente.cli.main import main
raise SystemExit(main(["sesam", "run", "--igc", {igc!r}, "--reader", "Vitale", "--reader", "CPS", "--", {str(program)!r}]))
"""
    done = subprocess.run(
        [BIFENTE, "reader", "run", cps, vitale, "--", sys.executable, "-c", inner],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert codes(done.stdout) == GOOD
