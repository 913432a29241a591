"""``bifente card``: what the commands make, say and leave behind."""

import json
import os
import shutil
import stat
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from cardbench import said

from bifente.applets.perso import read_profile
from bifente.applets.perso.make import build
from bifente.applets.store.stores import read_snapshot
from bifente.cli.main import main
from bifente.ssv import wire

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
