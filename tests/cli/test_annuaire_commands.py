"""``bifente annuaire`` as a person uses it."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from cardbench import Bench, said
from cryptography import x509
from extractrows import ACTIVITY, activities, write_extract

from bifente.cli.main import main
from bifente.igc.annuaire import Annuaire

MAIL = "camille@cabinet.invalid"


@pytest.fixture
def annuaire(bench: Bench) -> list[str]:
    """The option, and an annuaire with a doctor and a nurse."""
    option = ["--annuaire", bench.path("annu aire.db")]
    for profile in ("gp", "nurse"):
        bench.card(profile)
    assert main(["annuaire", "fill", str(bench.folder), "--igc", bench.igc, *option]) == 0
    return option


def test_cards_are_published_found_shown_and_written_to(
    annuaire: list[str], bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["annuaire", "fill", str(bench.folder), "--igc", bench.igc, *annuaire]) == 0
    assert said(capsys)[0] == ["10 certificates, 0 of them new"]
    assert main(["annuaire", "search", "FIC", "cam", *annuaire]) == 0
    assert said(capsys)[0] == [
        "FICTIF-LEROUX CAMILLE  899700000013",
        "    Qualifié en médecine générale",
        "1 answer",
    ]
    assert main(["annuaire", "show", "99700000013", *annuaire]) == 0
    shown = "\n".join(said(capsys)[0])
    for part in (
        "Identité",
        "Madame",
        "Médecin (10)",
        "Type de carte",
        "Certificat de signature",
        "- non renseigné -",
    ):
        assert part in shown
    assert main(["annuaire", "mail", "899700000013", MAIL, *annuaire]) == 0
    assert main(["annuaire", "recipient", MAIL, "--json", *annuaire]) == 0
    lines = said(capsys)[0]
    taken = json.loads("\n".join(lines[lines.index("{") :]))
    assert (taken["use"], taken["others"]) == ("authentication", [])


def test_a_certificate_is_taken_out_in_each_form(
    annuaire: list[str], bench: Bench, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["annuaire", "show", "899700000013", "--json", *annuaire]) == 0
    shown = json.loads(capsysbinary.readouterr().out)
    certificate = shown["certificates"][0]
    path = Path(bench.path("a b.cer"))
    assert (
        main(["annuaire", "certificate", certificate["serial"], "--form", "der", "-o", str(path), *annuaire])
        == 0
    )
    assert path.read_bytes().hex() == certificate["der"]
    assert (
        main(["annuaire", "certificate", certificate["serial"], "--form", "der", "-o", str(path), *annuaire])
        == 3
    )
    capsysbinary.readouterr()
    for form, count in (("pem", 1), ("chain", 3)):
        assert main(["annuaire", "certificate", certificate["serial"], "--form", form, *annuaire]) == 0
        chain = x509.load_pem_x509_certificates(capsysbinary.readouterr().out)
        assert len(chain) == count
        for lower, upper in pairwise(chain):
            lower.verify_directly_issued_by(upper)


def test_an_extract_is_imported_and_says_so(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    option = ["--annuaire", bench.path("annuaire.db")]
    extract = str(write_extract(bench.folder / "extract.txt", activities([ACTIVITY])))
    assert main(["annuaire", "import", extract, *option]) == 0
    assert said(capsys)[0] == [f"{extract}: 1 rows of PS_LibreAcces_Personne_activite"]
    words = ["--departement", "vosges", "--profession", "médecin", "--commune", "epinal", "--json"]
    assert main(["annuaire", "search", *words, *option]) == 0
    assert json.loads("\n".join(said(capsys)[0]))["entries"][0]["place"] == "Épinal, Vosges (88)"
    assert main(["annuaire", "hide", "899700000101", *option]) == 0
    assert main(["annuaire", "show", "899700000101", *option]) == 3
    assert main(["annuaire", "unhide", "899700000101", *option]) == 0
    assert main(["annuaire", "search", "fictif", *option]) == 0
    assert said(capsys)[0][-1] == "1 answer"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["search", "fi"], "'fi' is too short"),
        (["search"], "nothing is asked for"),
        (["search", "--departement", "Nowhere"], "no département is called 'Nowhere'"),
        (["search", "--profession", "wizard"], "no profession is called 'wizard'"),
        (["search", "x" * 300], "300 characters are too many"),
        (["show", "nobody"], "nobody and nothing with the identifier nobody"),
        (["certificate", "00"], "no certificate with the serial number"),
        (["recipient", "none@nowhere.invalid"], "nobody with the mail address"),
        (["mail", "899700000013", "not an address"], "not a mail address"),
        (["mail", "1", MAIL], "has no professional 1"),
        (["import", "/dev/null"], "a device, not a file"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    annuaire: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    capsys.readouterr()
    assert main(["annuaire", *arguments, *annuaire]) == 3
    out, err = said(capsys)
    assert out == []
    assert line in err[0]
    assert len(err) == 2 or err[0]


def test_without_an_annuaire_what_makes_one_is_named(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["annuaire", "search", "fictif", "--annuaire", bench.path("none.db")]) == 3
    assert "there is no annuaire in" in said(capsys)[1][0]
    assert not Path(bench.path("none.db")).exists()


def test_who_does_not_want_to_be_listed_is_not(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    option = ["--annuaire", bench.path("annuaire.db")]
    assert main(["annuaire", "fill", bench.card("gp"), "--without", "899700000013", *option]) == 0
    assert said(capsys)[0] == ["3 certificates, 3 of them new", "  899700000013 is not listed"]
    assert main(["annuaire", "search", "fictif", *option]) == 0
    assert said(capsys)[0] == ["no answer"]


def test_an_authority_is_followed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """What it issues is listed, what it revokes is said, and its lists are there to be taken."""
    option = ["--annuaire", bench.path("annuaire.db"), "--igc", bench.igc]
    card = bench.card("gp")
    assert main(["annuaire", "fill", *option]) == 0
    assert main(["annuaire", "fill", *option]) == 0
    first, second = said(capsys)[0]
    assert first.endswith("7 of them new")
    assert second.endswith(" 0 of them new")
    assert main(["card", "oppose", card, "--igc", bench.igc]) == 0
    assert main(["annuaire", "fill", *option]) == 0
    capsys.readouterr()
    assert main(["annuaire", "show", "899700000013", *option[:2]]) == 0
    shown = "\n".join(said(capsys)[0])
    assert "En opposition depuis" in shown
    assert "Madame" not in shown
    assert shown.count("révoqué") == 3
    assert main(["annuaire", "fill", card, *option[:2]]) == 0
    assert main(["annuaire", "search", "fictif", "--skill", "SM26", *option[:2]]) == 0
    assert said(capsys)[0][-1] == "1 answer"
    with Annuaire.open(option[1]) as annuaire:
        lists = [x509.load_der_x509_crl(one.crl) for one in annuaire.authorities() if one.crl]
    assert sum(len(one) for one in lists) == 3
