"""What somebody new gives by mistake: one line that says it, a hint that helps, and nothing done."""

from pathlib import Path

import pytest
from cardbench import Bench, said

from bifente.cli.main import main
from bifente.documents import make_folder


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> list[str]:
    capsys.readouterr()
    assert main(list(arguments)) == code
    out, err = said(capsys)
    assert out == []
    return err


def test_a_key_that_has_ended_before_it_begins_is_not_made(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path(bench.igc).iterdir())
    err = refused(capsys, 3, "igc", "rollover", "FORT", "--until", "2001-01-01", "--igc", bench.igc)
    assert err == [
        "bifente: a new key that ended on 2001-01-01: the authority could certify nobody by it",
        "hint: give a day to come",
    ]
    assert sorted(Path(bench.igc).iterdir()) == before


def test_a_vitale_given_to_the_renewal_of_professionals_is_sent_to_its_own(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    card = bench.card("vitale-single")
    err = refused(capsys, 3, "igc", "renew", str(card), "--igc", bench.igc)
    assert err == [
        f"bifente: {card}: is not a professional's card",
        "hint: bifente card renew renews a carte Vitale",
    ]


def test_an_address_that_is_none_is_not_published(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    card, annuaire = bench.card("gp"), bench.path("annuaire.db")
    err = refused(
        capsys, 3, "annuaire", "fill", str(card), "--mail", "no address", "--annuaire", str(annuaire)
    )
    assert err == ["bifente: not a mail address: 'no address'", "hint: name@domain"]
    assert not Path(annuaire).exists()


def test_a_file_is_neither_an_authority_nor_a_folder_to_write_into(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(bench.path("a file"))
    file.write_text("something")
    err = refused(capsys, 3, "igc", "list", "--igc", str(file))
    assert err == [f"bifente: {file}: a file, not the folder of an authority", "hint: name the folder"]
    for force in ([], ["--force"]):
        err = refused(capsys, 3, "igc", "crl", "--igc", bench.igc, "-o", str(file), *force)
        assert err == [f"bifente: {file}: is a file, not a folder", "hint: check the path"]
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"):
        make_folder(file)
    assert file.read_text() == "something"


def test_what_is_no_certificate_is_said_without_the_words_of_a_parser(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    card = bench.card("gp")
    err = refused(capsys, 3, "igc", "certificate", str(card), "--igc", bench.igc)
    assert err == [f"bifente: {card}: not an X.509 certificate (PEM or DER)"]


def test_a_passphrase_is_not_asked_of_a_pipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BIFENTE_IGC_PASSPHRASE", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    err = refused(capsys, 2, "igc", "init", "--passphrase", str(tmp_path / "igc"))
    assert err == [
        "bifente: nobody can be asked for a passphrase",
        "hint: put it into the variable BIFENTE_IGC_PASSPHRASE",
    ]
    assert not (tmp_path / "igc").exists()


def test_help_shows_reasons_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["igc", "revoke"], ["card", "oppose"]):
        assert main([*command, "--help"]) == 0
        assert "|keyCompromise|" in capsys.readouterr().out
