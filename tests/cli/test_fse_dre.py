"""A sheet whose complementary insurer is asked by a DRE: its own lot, file, ARL and payment, beside those of the caisse."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import KeySource, cycling

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.cli.main import main
from bifente.igc import Authority

INSURER = "0000000042"

THIRD_PARTY = """
third_party:
  amo: true
  complementary: {number: "42", member: "00990001", routing: AA, domain: amc.test}
"""


@pytest.fixture
def surgery(
    tmp_path: Path,
    pooled_keys: list[RSAPrivateKey],
    pooled_source: KeySource,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A doctor, a patient, a caisse and whoever takes the DRE of the insurer; one sheet for both."""
    monkeypatch.chdir(tmp_path)
    authority = Authority.init(tmp_path / "igc", key_source=cycling(pooled_keys))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: tmp_path / "igc")
    monkeypatch.setitem(Authority.issue_caisse.__kwdefaults__ or {}, "key_source", pooled_source)
    for name, profile in (("doctor", "gp"), ("patient", "vitale-family")):
        made = personalise(read_profile(profile), authority, keys=pooled_source, today=date.today())
        create_card_file(tmp_path / f"{name}.card", made)
    assert main(["fse", "caisse", "init", "caisse", "--maildir", "mail"]) == 0
    taker = ["--organisme", "01996", "--insurer", INSURER, "--maildir", "mail", "--name", "Concentrateur"]
    assert main(["fse", "caisse", "init", "taker", *taker]) == 0
    for centre in ("caisse", "taker"):  # its box is there from its first round on
        assert main(["fse", "caisse", "serve", centre, "--once"]) == 0
    known = ["--caisse", "caisse", "--caisse", "taker", "--maildir", "mail", "--insurer", f"{INSURER}=01996"]
    assert main(["fse", "cabinet", "init", "surgery", *known]) == 0
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *command: str) -> object:
    """The JSON that a command prints."""
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def add(folder: Path, acts: str) -> None:
    """A sheet of a consultation, kept in the surgery."""
    (folder / "acts.yaml").write_text(acts)
    cards = ["--cps", "doctor.card", "--vitale", "patient.card", "--pin", "1234"]
    assert main(["sheet", "make", *cards, "--from", "acts.yaml", "--number", "7", "-o", "sheet.p7m"]) == 0
    assert main(["fse", "cabinet", "add", "sheet.p7m", "--cabinet", "surgery"]) == 0


def test_the_insurer_is_asked_beside_the_caisse(surgery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(surgery, "acts: [G]" + THIRD_PARTY)
    made = told(
        capsys, "fse", "cabinet", "lots", "--cps", "doctor.card", "--pin", "1234", "--cabinet", "surgery"
    )
    assert [(lot["regime"] + lot["caisse"], lot["complementary"]) for lot in made["lots"]] == [  # type: ignore[index,call-overload]
        ("01349", ""),
        ("01996", INSURER),
    ]
    assert main(["fse", "cabinet", "send", "--cabinet", "surgery"]) == 0
    for centre in ("caisse", "taker"):
        assert main(["fse", "caisse", "serve", centre, "--once", "--no-settle"]) == 0
    assert main(["fse", "cabinet", "collect", "--cabinet", "surgery"]) == 0
    shown = told(capsys, "fse", "cabinet", "show", "7", "--cabinet", "surgery")
    assert (shown["state"], shown["dre"]["state"]) == ("ARL+", "ARL+")  # type: ignore[index,call-overload]

    payday = (date.today() + timedelta(days=10)).isoformat()
    assert main(["fse", "caisse", "settle", "taker", "--date", payday]) == 0
    assert main(["fse", "cabinet", "collect", "--cabinet", "surgery"]) == 0
    shown = told(capsys, "fse", "cabinet", "show", "7", "--cabinet", "surgery")
    dre = shown["dre"]  # type: ignore[index,call-overload]
    assert (shown["state"], dre["state"], dre["paid"]) == ("ARL+", "paid", dre["amount"])  # type: ignore[index,call-overload]
    assert dre["amount"] > 0
    assert main(["fse", "caisse", "settle", "caisse", "--date", payday]) == 0
    assert main(["fse", "cabinet", "collect", "--cabinet", "surgery"]) == 0
    assert told(capsys, "fse", "cabinet", "show", "7", "--cabinet", "surgery")["state"] == "paid"  # type: ignore[index,call-overload]
    status = told(capsys, "fse", "cabinet", "status", "--cabinet", "surgery")
    assert (status["lots"], status["dre"]) == ({"settled": 2}, {"paid": 1})  # type: ignore[index,call-overload]
    assert told(capsys, "fse", "cabinet", "archive", "check", "--cabinet", "surgery")["findings"] == []  # type: ignore[index,call-overload]


def test_an_insurer_that_nobody_is_named_for(surgery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(surgery, "acts: [G]" + THIRD_PARTY.replace('"42"', '"43"'))
    command = ["fse", "cabinet", "lots", "--cps", "doctor.card", "--pin", "1234", "--cabinet", "surgery"]
    made = told(capsys, *command)
    assert [lot["complementary"] for lot in made["lots"]] == [""]  # type: ignore[index,call-overload]
    (left,) = made["left"]  # type: ignore[index,call-overload]
    assert left["why"] == "nobody is named who takes the DRE of insurer 0000000043"
    settings = surgery / "surgery" / "cabinet.yaml"
    settings.write_text(settings.read_text().replace(INSURER, "0000000043"))
    assert [lot["complementary"] for lot in told(capsys, *command)["lots"]] == ["0000000043"]  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("insurer", "why"),
    [
        (("42=01996",), "ten digits"),
        ((f"{INSURER}=1996",), "five digits"),
        ((INSURER,), "does not say who takes"),
        ((f"{INSURER}=01996", f"{INSURER}=01997"), "has two takers"),
    ],
)
def test_a_wrong_insurer_is_refused(
    insurer: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [word for one in insurer for word in ("--insurer", one)]
    assert main(["fse", "cabinet", "init", str(tmp_path / "s"), *options]) != 0
    assert why in capsys.readouterr().err
    assert not (tmp_path / "s").exists()
