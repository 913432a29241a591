"""``bifente card set``, ``break``, ``restore``, ``expire``, ``oppose``; ``bifente card rights`` of a pair."""

import json
import os
import shlex
import stat
from datetime import date
from pathlib import Path

import pytest
from cardbench import TODAY, said
from cryptography import x509

from bifente.applets.perso import issuersigned
from bifente.applets.store.stores import SqliteStore, read_snapshot
from bifente.cli.main import main
from bifente.igc import Gamme
from bifente.ssv import wire
from bifente.ssv.named import named

# -- set, block, expire, oppose, clone, restore


def test_set_changes_one_record(bench, capsys):
    card = bench.card("gp")
    before = read_snapshot(Path(card))
    assert main(["card", "set", card, "CPS_NAME_PS/nom_patronymique", "AUTRE"]) == 0
    after = read_snapshot(Path(card))
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    names = {"file/3F00/0001/D105", "initial/file/3F00/0001/D105"}
    signature = {"file/3F00/0001/D084", "initial/file/3F00/0001/D084"}
    assert changed == names | signature
    assert issuersigned.uncovered(after) == []
    assert main(["card", "set", card, "CPS_DATA", "FF"]) == 0
    assert read_snapshot(Path(card))["file/3F00/0001/D084"] == after["file/3F00/0001/D084"]


def test_a_change_is_signed_by_the_issuer_at_hand_or_said_not_to_be(bench, capsys):
    """A caisse that updates a card signs it; a forger does not, and whoever reads the card finds out."""
    card, cps = bench.card("vitale-ald"), bench.card("gp")
    rights = ["card", "rights", card, "--cps", cps, "--pin", "1234"]
    assert main(["card", "set", card, "BEN01/106[2]/3", "4"]) == 0
    assert issuersigned.uncovered(read_snapshot(Path(card))) == []
    assert main(rights) == 0
    capsys.readouterr()
    assert main(["card", "set", card, "BEN01/106[2]/3", "0", "--unsigned"]) == 0
    _, err = said(capsys)
    assert "does not cover BEN01" in err[0]
    assert f"bifente card sign {shlex.quote(card)}" in err[0]
    assert main(["card", "show", card]) == 0
    assert "does not cover BEN01" in capsys.readouterr().out
    assert main(rights) == 11
    _, err = said(capsys)
    assert "the issuer's signature does not cover BEN01" in err[0]
    assert "bifente card sign" in err[1]
    assert main(["card", "set", card, "BEN01/106[2]/3", "1"]) == 0
    assert "does not cover" in capsys.readouterr().err, "a card that is not covered is not signed by the way"
    assert main(["card", "sign", card]) == 0
    assert "signed by its issuer" in capsys.readouterr().out
    assert main(rights) == 0


def test_without_its_authority_a_change_is_not_covered(
    bench, capsys, monkeypatch, tmp_path, production_authority
):
    card = bench.card("vitale-single")
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: tmp_path / "none")
    assert main(["card", "set", card, "G101/3", "203012310000"]) == 0
    assert "does not cover G101" in capsys.readouterr().err
    assert not (tmp_path / "none").exists(), "no authority is made for it"
    before = read_snapshot(Path(card))
    stranger = str(production_authority.directory)
    fresh = bench.card("vitale-single", "fresh.card")
    assert main(["card", "set", fresh, "G101/3", "203012310000", "--igc", stranger]) != 0
    assert "another authority issued this card" in capsys.readouterr().err
    assert main(["card", "sign", card, "--igc", stranger]) != 0
    assert read_snapshot(Path(card)) == before
    assert main(["card", "sign", card, "--igc", bench.igc]) == 0
    assert issuersigned.uncovered(read_snapshot(Path(card))) == []
    assert main(["card", "sign", bench.card("t1test")]) != 0
    assert "nothing on this kind of card is signed" in capsys.readouterr().err


def test_a_card_made_before_is_read_and_said_not_to_be_proven(bench, capsys):
    card, cps = bench.card("vitale-single"), bench.card("gp")
    with SqliteStore(card) as store:
        store.commit({"file/3F00/0001/2003": None})
    assert main(["card", "rights", card, "--cps", cps, "--pin", "1234"]) == 0
    assert "not proven" in capsys.readouterr().err
    assert main(["card", "show", card]) == 0
    assert "not proven to a terminal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["NONE/1", "x"], 3),
        (["CPS_NAME_PS"], 2),
        (["CPS_NAME_PS/nom_patronymique", "x", "--remove"], 2),
        (["CPS_NAME_PS/nom_patronymique", "--remove"], 3),
        (["CPS_NAME_PS", "--json", "{"], 3),
    ],
)
def test_set_refuses_and_changes_nothing(arguments, code, bench, capsys):
    card = bench.card("gp")
    before = read_snapshot(Path(card))
    assert main(["card", "set", card, *arguments]) == code
    assert read_snapshot(Path(card)) == before
    out, err = said(capsys)
    assert out == []
    assert "bifente: " in "".join(err)


def test_a_card_in_use_is_not_changed(bench, capsys):
    card = bench.card("t1test")
    with SqliteStore(card):
        assert main(["card", "set", card, "LARGE", "00"]) == 5
        assert capsys.readouterr().err.startswith("bifente: ")
        assert main(["card", "show", card]) == 0, "showing reads a snapshot"
    assert main(["card", "set", card, "LARGE", "00"]) == 0


def test_break_and_restore(bench, capsys):
    card = bench.card("gp")
    before = read_snapshot(Path(card))
    assert main(["card", "block", card]) == 0
    assert main(["pin", "verify", card, "--pin", "1234"]) == 7
    assert main(["card", "expire", card, "--on", "2020-12-31"]) == 0
    assert main(["card", "block", card, "--puk"]) == 0
    assert main(["card", "restore", card]) == 0
    assert read_snapshot(Path(card)) == before
    assert main(["pin", "verify", card, "--pin", "1234"]) == 0


def test_expire_with_another_authority(bench, capsys, production_authority):
    card = bench.card("gp")
    assert main(["card", "expire", card, "--igc", str(production_authority.directory)]) == 3
    assert "another authority issued this card" in capsys.readouterr().err


def test_restore_from_a_copy(bench, capsys):
    card, copy = bench.card("gp"), bench.path("copy.card")
    assert main(["card", "clone", card, "-o", copy]) == 0
    assert main(["pin", "change", card, "--pin", "1234", "--new-pin", "2468"]) == 0
    capsys.readouterr()
    assert main(["card", "restore", card, "--from", copy]) == 0
    assert read_snapshot(Path(card)) == read_snapshot(Path(copy))
    out, err = said(capsys)
    assert (len(out), err) == (1, [])
    assert out[0].startswith(f"{card}: cps3 card ")
    assert main(["card", "restore", card]) == 0
    assert said(capsys) == ([f"{card}: as it was made on {TODAY}"], [])


@pytest.mark.parametrize("other", ["vitale-single", "nurse"])
def test_another_card_takes_the_place_only_by_force(other, bench, capsys):
    card, source = bench.card("gp"), bench.card(other)
    before = read_snapshot(Path(card))
    assert main(["card", "restore", card, "--from", source]) == 3
    assert "not cps3 card" in capsys.readouterr().err
    assert read_snapshot(Path(card)) == before
    assert main(["card", "restore", card, "--from", source, "--force"]) == 0
    assert read_snapshot(Path(card)) == read_snapshot(Path(source))


@pytest.mark.parametrize("cut", [50, 5000])
def test_a_damaged_card_is_restored_from_a_copy_by_force(cut, bench, capsys):
    card, copy = Path(bench.card("gp")), Path(bench.path("copy.card"))
    assert main(["card", "clone", str(card), "-o", str(copy)]) == 0
    damaged = card.read_bytes()[:cut]
    card.write_bytes(damaged)
    journal = card.with_name(f"{card.name}-journal")
    journal.write_bytes(b"left over")
    assert main(["card", "restore", str(card), "--from", str(copy)]) == 4
    assert "hint: --force puts the copy in its place" in said(capsys)[1]
    assert card.read_bytes() == damaged
    assert main(["card", "restore", str(card), "--from", str(copy), "--force"]) == 0
    assert read_snapshot(card) == read_snapshot(copy)
    assert bench.names() == {"gp.card", "copy.card"}
    assert stat.S_IMODE(card.stat().st_mode) == 0o600


def test_oppose_a_professional(bench, capsys):
    card = bench.card("gp")
    assert main(["card", "oppose", card, "--date", "2026-05-01", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert [Path(path).name for path in written] == ["oppositions.json", "persons-fort.crl"]
    crl = x509.load_der_x509_crl(Path(written[1]).read_bytes())
    node_path = "file/3F00/0001/D001"
    held = json.loads(read_snapshot(Path(card))[node_path])["value"]["hex"]
    serial = x509.load_der_x509_certificate(bytes.fromhex(held)).serial_number
    revoked = crl.get_revoked_certificate_by_serial_number(serial)
    assert revoked.revocation_date_utc.date() == date(2026, 5, 1)
    assert crl.is_signature_valid(bench.authority.chain(Gamme.FORT)[0].public_key())
    assert len(crl) == 3, "the technical certificate too"
    assert main(["card", "oppose", card]) == 0, "twice is once"
    assert len(x509.load_der_x509_crl(Path(written[1]).read_bytes())) == 3


def test_oppose_a_vitale(bench, capsys):
    card = bench.card("vitale-single")
    assert main(["card", "oppose", card]) == 0
    entries = json.loads((bench.authority.directory / "oppositions.json").read_text())
    [entry] = entries["vitale"]
    assert entry["pan"].startswith("8025000002")
    assert entry["date"] == TODAY.isoformat()
    capsys.readouterr()
    assert main(["card", "show", card]) == 0
    assert f"opposed since {TODAY.isoformat()}" in capsys.readouterr().out
    (bench.authority.directory / "oppositions.json").write_text("{}")
    assert main(["card", "oppose", card]) == 0
    assert json.loads((bench.authority.directory / "oppositions.json").read_text()) == entries, (
        "as registered"
    )
    assert main(["card", "oppose", bench.card("t1test")]) == 3


@pytest.mark.parametrize("profile", ["gp", "vitale-single"])
def test_another_authority_opposes_no_card(profile, bench, capsys, production_authority):
    igc = production_authority.directory
    assert main(["card", "oppose", bench.card(profile), "--igc", str(igc)]) == 3
    assert "another authority issued this card" in capsys.readouterr().err
    assert not (igc / "oppositions.json").exists()
    assert not list(igc.glob("*.crl"))


def revoked(bench) -> int:
    path = bench.authority.directory / "persons-fort.crl"
    return len(x509.load_der_x509_crl(path.read_bytes()))


def test_an_opposition_keeps_its_date_until_it_is_lifted(bench, capsys):
    card = bench.card("gp")
    assert main(["card", "oppose", card, "--lift"]) == 3
    assert "on no list" in capsys.readouterr().err
    assert main(["card", "oppose", card, "--lift", "--date", "2026-05-01"]) == 2
    assert main(["card", "oppose", card, "--date", "2026-05-01"]) == 0
    assert main(["card", "oppose", card, "--date", "2026-06-01"]) == 3
    assert "opposed since 2026-05-01 already" in capsys.readouterr().err
    assert main(["card", "oppose", card]) == 0
    assert json.loads(read_snapshot(Path(card))["meta"])["opposed"] == "2026-05-01"
    assert revoked(bench) == 3
    assert main(["card", "oppose", card, "--lift"]) == 0
    assert revoked(bench) == 0
    assert "opposed" not in json.loads(read_snapshot(Path(card))["meta"])
    assert main(["card", "oppose", card, "--date", "2026-06-01"]) == 0
    assert json.loads(read_snapshot(Path(card))["meta"])["opposed"] == "2026-06-01"


@pytest.mark.parametrize("from_copy", [False, True])
def test_an_opposition_outlives_the_restoring_of_the_card(from_copy, bench, capsys):
    card, copy = bench.card("vitale-single"), bench.path("copy.card")
    before = read_snapshot(Path(card))
    assert main(["card", "clone", card, "-o", copy]) == 0
    assert main(["card", "oppose", card, "--date", "2026-05-01"]) == 0
    capsys.readouterr()
    assert main(["card", "restore", card, *(["--from", copy] if from_copy else [])]) == 0
    assert "note: opposed since 2026-05-01 all the same" in capsys.readouterr().err
    assert json.loads(read_snapshot(Path(card))["meta"])["opposed"] == "2026-05-01"
    assert main(["card", "oppose", card, "--lift"]) == 0
    assert json.loads((bench.authority.directory / "oppositions.json").read_text())["vitale"] == []
    assert main(["card", "restore", card]) == 0
    assert read_snapshot(Path(card)) == before


def test_a_card_in_use_comes_on_no_list(bench, capsys):
    card = bench.card("gp")
    with SqliteStore(Path(card)):
        assert main(["card", "oppose", card]) == 5
    assert not (bench.authority.directory / "oppositions.json").exists()
    assert not list(bench.authority.directory.glob("*.crl"))


# -- rights


def test_rights(bench, capsys, virtual_cards):
    doctor = bench.card("gp")
    patient = bench.path("p.card")
    assert main(["card", "import", str(virtual_cards[0]), "-o", patient]) == 0
    capsys.readouterr()
    assert main(["card", "rights", patient, "--cps", doctor, "--pin", "1234", "--json"]) == 0
    rights = json.loads(capsys.readouterr().out)
    groups = wire.decode_card(virtual_cards[0].read_bytes())
    assert rights == named(groups)
    assert (rights["version"], rights["assure"]["type_de_carte_vitale"]) == (1, "T")
    assert rights["assure"]["nir"] == groups[0]["NIR"]
    first = next(group for group in groups if group.id == 104)
    assert rights["beneficiaires"][0]["prenom"] == first["prénom"]
    arguments = ["card", "rights", patient, "--cps", doctor, "--pin", "1234", "--igc", bench.igc]
    assert main(arguments) == 0
    assert "101 Données assuré" in capsys.readouterr().out


def test_rights_on_another_day(bench, capsys, monkeypatch):
    """The terminal judges the certificates by --date when it knows who issued the cards, and says so when not."""
    doctor, patient = bench.card("gp"), bench.card("vitale-single")
    arguments = ["card", "rights", patient, "--cps", doctor, "--pin", "1234", "--json", "--date"]
    assert main([*arguments, str(TODAY)]) == 0
    assert capsys.readouterr().err == ""
    assert main([*arguments, "2049-01-31"]) == 10
    assert "the certificate ended on" in capsys.readouterr().err
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: bench.folder / "none")
    assert main([*arguments, "2049-01-31"]) == 0
    out, err = said(capsys)
    assert json.loads("".join(out))["assure"]["groupe"] == 101
    assert err == ["note: the cards alone judge the date, --igc names who issued them"]
    assert main([*arguments, "2049-01-31", "--igc", bench.igc]) == 10


@pytest.mark.parametrize(
    ("vitale", "cps", "pin", "code"),
    [
        ("vitale-single", "gp", "9999", 6),
        ("vitale-expired", "gp", "1234", 10),
        ("vitale-single", "student-cpf", "1234", 10),
        ("vitale-single", "vitale-ald", "1234", 3),
        ("gp", "nurse", "1234", 3),
    ],
)
def test_rights_refused(vitale, cps, pin, code, bench, capsys):
    patient, doctor = bench.card(vitale), bench.card(cps)
    assert main(["card", "rights", patient, "--cps", doctor, "--pin", pin, "--igc", bench.igc]) == code
    out, err = said(capsys)
    assert out == []
    assert err[0].startswith("bifente: ")


def test_one_card_cannot_be_both(bench, capsys):
    card = bench.card("gp")
    assert main(["card", "rights", card, "--cps", card, "--pin", "1234"]) in (3, 5, 9)
    assert capsys.readouterr().err.startswith("bifente: ")


# -- card files that are none


@pytest.mark.parametrize("command", ["show", "dump", "block", "restore", "oppose", "expire"])
@pytest.mark.parametrize("kind", ["absent", "folder", "text", "half"])
def test_what_is_no_card(command, kind, bench, capsys):
    path = bench.path("x.card")
    if kind == "folder":
        os.mkdir(path)
    elif kind == "text":
        Path(path).write_text("hello")
    elif kind == "half":
        Path(path).write_bytes(Path(bench.card("t1test")).read_bytes()[:9000])
    before = bench.names()
    assert main(["card", command, path]) == 4
    out, err = said(capsys)
    assert out == []
    assert err[0].startswith("bifente: ")
    assert len(err) <= 2
    assert bench.names() == before


@pytest.mark.parametrize(
    "command",
    [
        "create", "profiles", "import", "show", "dump", "diff", "set", "sign", "block", "expire", "oppose", "clone",
        "restore", "rights",
    ],
)  # fmt: skip
def test_help(command, capsys):
    assert main(["card", command, "--help"]) == 0
    assert f"bifente card {command}" in capsys.readouterr().out
