"""``bifente card``: what the commands make, say and leave behind."""

import json
import os
import shlex
import shutil
import stat
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from keypool import KeySource

from bifente.applets.perso import issuersigned, personalise, read_profile
from bifente.applets.perso.make import build
from bifente.applets.store.stores import SqliteStore, create_card_file, read_snapshot
from bifente.cli.main import main
from bifente.igc import Authority, Gamme
from bifente.ssv import wire
from bifente.ssv.named import named

TODAY = date.today()


class Bench:
    """A folder with a blank in its name, an authority that may be written, and quick keys."""

    def __init__(self, folder: Path, authority: Authority, source: KeySource) -> None:
        self.folder = folder
        self.authority = authority
        self.source = source

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def card(self, profile: str, name: str | None = None) -> str:
        """A card file of a shipped profile."""
        path = self.folder / (name or f"{profile}.card")
        create_card_file(
            path, personalise(read_profile(profile), self.authority, keys=self.source, today=TODAY)
        )
        return str(path)

    def names(self) -> set[str]:
        return set(os.listdir(self.folder))

    @property
    def igc(self) -> str:
        return str(self.authority.directory)


@pytest.fixture
def bench(tmp_path, pooled_authority, pooled_source, monkeypatch):
    """``personalise`` of the commands takes pooled keys; ``bifente card`` knows no option for that."""
    folder = tmp_path / "some cards"
    folder.mkdir()
    igc = tmp_path / "data" / "bifente" / "igc-test"
    shutil.copytree(pooled_authority.directory, igc)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: igc)
    monkeypatch.setitem(build.personalise.__kwdefaults__, "keys", pooled_source)
    return Bench(folder, Authority.open(igc), pooled_source)


def said(capsys) -> tuple[list[str], list[str]]:
    shown = capsys.readouterr()
    return shown.out.splitlines(), shown.err.splitlines()


# -- create, profiles, import


def test_create_a_shipped_profile(bench, capsys):
    assert main(["card", "create", "gp", "-o", bench.path("a.card")]) == 0
    out, err = said(capsys)
    assert out[0].startswith(f"{bench.path('a.card')}: cps3 card ")
    assert err == []
    assert stat.S_IMODE(os.stat(bench.path("a.card")).st_mode) == 0o600
    assert bench.names() == {"a.card"}


def test_create_as_json(bench, capsys):
    assert (
        main(
            ["card", "create", "vitale-single", "-o", bench.path("a.card"), "--date", "2025-01-31", "--json"]
        )
        == 0
    )
    facts = json.loads(capsys.readouterr().out)
    assert (facts["kind"], facts["environment"], facts["created"]) == ("vitale2", "test", "2025-01-31")
    assert main(["card", "show", bench.path("a.card"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["environment"] == facts["environment"]


def test_create_from_a_file_with_another_authority(bench, capsys, production_authority):
    text = read_text("gp").replace("card: CPS", "card: CPS\nenvironment: production-like")
    Path(bench.path("mine.yaml")).write_text(text)
    arguments = ["card", "create", bench.path("mine.yaml"), "-o", bench.path("a.card")]
    assert main(arguments) == 3
    assert "needs an authority of its own" in capsys.readouterr().err
    assert main([*arguments, "--igc", bench.igc]) == 3
    assert "not issued by an authority of environment T" in capsys.readouterr().err
    assert main([*arguments, "--igc", str(production_authority.directory)]) == 0
    assert json.loads(read_snapshot(Path(bench.path("a.card")))["meta"])["environment"] == "P"


def read_text(name: str) -> str:
    from bifente.applets.perso.profile.shipped import shipped_text

    return shipped_text(name)


def test_a_wrong_profile_has_a_line_for_each_problem(bench, capsys):
    Path(bench.path("bad.yaml")).write_text("kind: cps3\ncard: CPX\nfoo: 1\n")
    assert main(["card", "create", bench.path("bad.yaml"), "-o", bench.path("a.card")]) == 3
    out, err = said(capsys)
    assert out == []
    assert err == [
        "bifente: bad.yaml:1: holder: is missing",
        "bifente: bad.yaml:2: card: 'CPS', 'CPF', 'CDE', 'CPE' or 'CPA' expected",
        "bifente: bad.yaml:3: foo: is not known here",
        "hint: bifente card profiles lists profiles that may serve as examples",
    ]
    assert bench.names() == {"bad.yaml"}


@pytest.mark.parametrize(
    ("profile", "output", "code", "message"),
    [
        ("none", "a.card", 3, "there is no shipped profile 'none'"),
        ("none.yaml", "a.card", 3, "No such file or directory"),
        ("gp", "there.card", 4, "already exists"),
        ("gp", "no folder/a.card", 4, "its folder does not exist"),
        ("gp", "there.card/a.card", 4, "its folder does not exist"),
    ],
)
def test_create_refuses_before_it_works(profile, output, code, message, bench, capsys):
    Path(bench.path("there.card")).write_text("mine")
    assert main(["card", "create", profile, "-o", bench.path(output)]) == code
    out, err = said(capsys)
    assert message in err[0]
    assert out == []
    assert bench.names() == {"there.card"}
    assert Path(bench.path("there.card")).read_text() == "mine"


def test_ctrl_c_while_keys_are_made_leaves_nothing(bench, capsys, monkeypatch):
    def interrupted(_bits):
        raise KeyboardInterrupt

    monkeypatch.setitem(build.personalise.__kwdefaults__, "keys", interrupted)
    assert main(["card", "create", "gp", "-o", bench.path("a.card")]) == 130
    out, err = said(capsys)
    assert (out, [line for line in err if line]) == ([], ["bifente: interrupted"])
    assert bench.names() == set()


def test_profiles(capsys):
    assert main(["card", "profiles"]) == 0
    out, _ = said(capsys)
    assert any(line.startswith("vitale-cmuc") and "CMU-C" in line for line in out)
    assert main(["card", "profiles", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gp"].startswith("CPS of a general practitioner")
    assert main(["card", "profiles", "gp"]) == 0
    assert capsys.readouterr().out == read_text("gp")
    assert main(["card", "profiles", "none"]) == 3


def test_a_content_that_ends_between_two_groups_is_a_card_with_a_notice(bench, capsys, virtual_cards):
    whole = next(path for path in virtual_cards if path.name == "0102.in").read_bytes()
    groups = wire.decode_card(whole)
    at = next(index for index, group in enumerate(groups) if group.id == 106)
    beginning = wire.encode(groups[:at])
    cut = bench.folder / "cut.in"
    cut.write_bytes(beginning)
    wanted = ["card", "import", str(cut), "-o"]
    assert main([*wanted, bench.path("a.card"), "--sha256", sha256(whole).hexdigest()]) == 3
    out, err = said(capsys)
    assert (out, len(err)) == ([], 2)
    assert str(cut) in err[0]
    assert bench.names() == {"cut.in"}
    assert main([*wanted, bench.path("a.card"), "--sha256", "00"]) == 2
    assert "64 hexadecimal digits expected" in capsys.readouterr().err
    assert main([*wanted, bench.path("a.card"), "--sha256", "x" * 64]) == 2
    assert "64 hexadecimal digits expected" in capsys.readouterr().err
    assert main([*wanted, bench.path("a.card")]) == 0
    out, err = said(capsys)
    assert out[0].endswith(f", groups: {at}, beneficiaries: 1")
    notice = "the content may go on: the last beneficiary has no coverage (106); --sha256 makes sure of it"
    assert f"note: {notice}" in err
    assert main([*wanted, bench.path("b.card"), "--json"]) == 0
    assert notice in json.loads(capsys.readouterr().out)["findings"]
    assert main([*wanted, bench.path("c.card"), "--sha256", sha256(beginning).hexdigest()]) == 0
    assert "may go on" not in capsys.readouterr().err


def test_import(bench, capsys, virtual_cards):
    content = str(virtual_cards[0])
    assert main(["card", "import", content, "-o", bench.path("a.card"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    groups = wire.decode_card(virtual_cards[0].read_bytes())
    assert facts["serial"] == groups[0]["numéro de série de la carte"]
    assert facts["findings"]
    assert (facts["groups"], facts["beneficiaries"]) == (len(groups), sum(one.id == 104 for one in groups))
    assert main(["card", "import", content, "-o", bench.path("b.card"), "--serial", "87654321"]) == 0
    out, err = said(capsys)
    counts = f"groups: {facts['groups']}, beneficiaries: {facts['beneficiaries']}"
    assert out == [f"{bench.path('b.card')}: vitale2 card 87654321, {counts}"]
    assert all(line.startswith("note: ") for line in err)
    assert main(["card", "import", content, "-o", bench.path("c.card"), "--serial", "x"]) == 3
    assert "serial: 8 or 9 digits expected" in capsys.readouterr().err


def test_a_cut_content_makes_no_card(bench, capsys, virtual_cards):
    Path(bench.path("cut.in")).write_bytes(virtual_cards[0].read_bytes()[:-1])
    assert main(["card", "import", bench.path("cut.in"), "-o", bench.path("a.card")]) == 3
    out, err = said(capsys)
    assert out == []
    assert len(err) == 2
    assert "not the content of a carte Vitale" in err[0]
    assert bench.names() == {"cut.in"}


# -- show, dump, diff


def test_show(bench, capsys):
    card = bench.card("gp")
    assert main(["card", "show", card]) == 0
    text = capsys.readouterr().out
    for part in (
        "CPS3, contact", "ADF CPX IAS", "3 of 3 tries left", "100 uses left", "EF.SN.ICC  D003  SFI 1C",
        "read: pin(01)", "synthetic", "FICTIF-LEROUX", "Médecin", "title=Médecin",
    ):  # fmt: skip
        assert part in text, part
    for secret in ("1234 ", "12345678", "PRIVATE"):
        assert secret not in text


STEERING = "EX\x1b[31mEM\x9b1mPLE"


def steering_cards(bench) -> tuple[str, str]:
    """A CPS and a Vitale in whose texts control characters stand."""
    cps, vitale = Path(bench.path("cps.yaml")), Path(bench.path("vitale.yaml"))
    name = json.dumps({"civilite": "22", "nom": STEERING, "prenoms": ["A"]})
    cps.write_text(f"{read_text('gp')}files: {{CPS_NAME_PS: {{value: {name}}}}}\n")
    groups = wire.to_json(read_profile("vitale-single").ssv_groups())
    groups[0]["fields"][1] = "12345678"
    groups[1]["fields"][0] = STEERING
    vitale.write_text(json.dumps({"kind": "vitale2", "groups": groups}))
    for path in (cps, vitale):
        assert main(["card", "create", str(path), "-o", f"{path}.card"]) == 0
    return f"{cps}.card", f"{vitale}.card"


def test_no_text_of_a_card_steers_the_terminal(bench, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    cps, vitale = steering_cards(bench)
    shown = "EX\\x1b[31mEM\\x9b1mPLE"
    capsys.readouterr()
    for command, finding in (
        (["card", "show", cps], "  CPS_NAME_PS: control characters in a text"),
        (["card", "show", vitale], "  104.1: nom usuel: control characters in a text"),
        (["card", "diff", cps, bench.card("gp")], None),
        (["card", "rights", vitale, "--cps", cps, "--pin", "1234"], None),
        (["demo", "--vitale", vitale, "--pin", "1234", "-o", bench.path("x")], None),
    ):
        assert main(command) in (0, 1)
        out = capsys.readouterr().out
        assert shown in out, command
        assert "\x1b" not in out
        assert "\x9b" not in out
        assert finding is None or any(line.startswith(finding) for line in out.splitlines())
    assert main(["demo", "--cps", cps, "--pin", "1234", "-o", bench.path("y")]) == 3, (
        "not its certificate's name"
    )
    err = capsys.readouterr().err
    assert shown in err
    assert "\x1b" not in err


@pytest.mark.parametrize("value", ["A\x1b[31m", "A\nB", "A\x7f"])
def test_set_takes_no_control_characters(value, bench, capsys):
    cps = bench.card("gp")
    for arguments in (
        ["CPS_NAME_PS/nom_patronymique", value],
        ["CPS_NAME_PS", "--json", json.dumps({"civilite": "22", "nom_patronymique": value})],
    ):
        before = read_snapshot(Path(cps))
        assert main(["card", "set", cps, *arguments]) == 3
        assert "a text of one line expected" in capsys.readouterr().err
        assert read_snapshot(Path(cps)) == before


def test_show_as_json(bench, capsys):
    card = bench.card("vitale-volets")
    assert main(["card", "show", card, "--json"]) == 0
    seen = json.loads(capsys.readouterr().out)
    vitale = seen["root"]["directories"][0]
    urgence = next(file for file in vitale["files"] if file["name"] == "URGENCE")
    assert urgence["rules"]["read"] == "auth(practising or in training)"
    assert urgence["source"] == "synthetic"
    assert urgence["value"]["medecin_traitant"]["nom"] == "DR FICTIF-LEROUX"
    assert seen["findings"]


def test_dump_and_create_again(bench, capsys):
    card = bench.card("gp")
    assert main(["card", "dump", card, "--secrets"]) == 2
    assert main(["card", "dump", card, "--secrets", "-o", bench.path("s.yaml")]) == 0
    assert stat.S_IMODE(os.stat(bench.path("s.yaml")).st_mode) == 0o600
    capsys.readouterr()
    assert main(["card", "dump", card, "--secrets", "-o", bench.path("s.yaml")]) == 3
    assert "already exists" in capsys.readouterr().err
    shutil.rmtree(bench.igc)  # nothing is left to certify
    assert main(["card", "create", bench.path("s.yaml"), "-o", bench.path("b.card")]) == 0
    assert not os.path.exists(bench.igc)
    assert read_snapshot(Path(bench.path("b.card"))) == read_snapshot(Path(card))
    capsys.readouterr()
    assert main(["card", "diff", card, bench.path("b.card")]) == 0
    assert capsys.readouterr().out == ""


def test_dump_to_the_screen(bench, capsys):
    card = bench.card("vitale-single")
    assert main(["card", "dump", card]) == 0
    document = yaml.safe_load(capsys.readouterr().out)
    assert document["kind"] == "vitale2"
    assert set(document["fingerprints"]) == {"recognition", "sheet"}
    assert "keys" not in document
    assert main(["card", "dump", card, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "vitale2"


def test_diff(bench, capsys):
    card = bench.card("vitale-single")
    assert main(["card", "clone", card, "-o", bench.path("b.card")]) == 0
    assert main(["card", "set", bench.path("b.card"), "G101/3", "201512310000", "--unsigned"]) == 0
    capsys.readouterr()
    assert main(["card", "diff", card, bench.path("b.card"), "--json"]) == 1
    [found] = json.loads(capsys.readouterr().out)
    assert (found["where"], found["second"]) == ("G101/101/3", "201512310000")
    assert main(["card", "diff", card, bench.path("b.card")]) == 1
    assert said(capsys)[0][::2] == ["G101/101/3", "  + 201512310000"]


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
    assert len(crl) == 2
    assert main(["card", "oppose", card]) == 0, "twice is once"
    assert len(x509.load_der_x509_crl(Path(written[1]).read_bytes())) == 2


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
    assert main(["card", "oppose", card]) == 3
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
    assert revoked(bench) == 2
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
