"""``bifente card show``: the whole card, a line for each file, and single parts of it."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click
import pytest
from keypool import KeySource

from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import create_card_file
from bifente.cli.card.commands import card as card_group
from bifente.cli.card.parts import complete_part
from bifente.cli.main import main
from bifente.igc import Authority


@pytest.fixture
def card(tmp_path: Path, pooled_authority: Authority, pooled_source: KeySource) -> Callable[[str], str]:
    """``card("gp")`` is a card file of a shipped profile."""

    def made(profile: str) -> str:
        path = tmp_path / f"{profile}.card"
        records = personalise(
            read_profile(profile), pooled_authority, keys=pooled_source, today=date(2026, 1, 31)
        )
        create_card_file(path, records)
        return str(path)

    return made


def said(capsys) -> tuple[list[str], list[str]]:
    """Both outputs in lines."""
    shown = capsys.readouterr()
    return shown.out.splitlines(), shown.err.splitlines()


def test_show_says_the_form_of_the_business_data(card, capsys):
    assert main(["card", "show", card("gp")]) == 0
    assert "  business data form 2, as the State's readers take them" in said(capsys)[0]
    assert main(["card", "show", card("vitale-single")]) == 0
    assert "business data" not in capsys.readouterr().out


def test_show_brief(card, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    path = card("gp")
    assert main(["card", "show", path, "--brief"]) == 0
    out, _ = said(capsys)
    assert any(line.split()[:4] == ["PIN", "01", "3", "of"] for line in out)
    (name,) = [line for line in out if line.startswith("  CPS_NAME_PS ")]
    assert name.split()[1:] == ["D105", "41", "22", "(Madame),", "FICTIF-LEROUX,", "CAMILLE,", "CAMILLE"]
    assert max(map(len, out)) <= 90
    assert not any("read: always" in line for line in out), "rules and sources are left out"
    assert main(["card", "show", path, "--brief", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {"name": "CPS_NAME_PS", "path": "3F00/0001/D105", "size": 41, "decoded": True} in facts["files"]
    assert facts["pins"][0] == {"reference": "01", "tries_left": 3, "tries": 3}
    assert main(["card", "show", path, "PIN", "--brief"]) == 2


PARTS = [
    ("vitale-family", ["G101"], "101.8 NIR", "104.1"),
    ("vitale-family", ["g101"], "101.8 NIR", "104.1"),
    ("vitale-family", ["2101"], "101.8 NIR", "104.1"),
    ("vitale-family", ["3F00/0001/2101"], "101.8 NIR", "104.1"),
    ("vitale-family", ["G101/8"], "2791499234512", "101"),
    ("vitale-family", ["G101/NIR"], "2791499234512", "101"),
    ("vitale-family", ["BEN02/105"], "105.1 date de début des droits AMO  201806010000", "104.1"),
    ("vitale-family", ["108"], "108.2 date de fin des droits mutuelle", "104.1"),
    ("vitale-family", ["EF.NIR/nir"], "27914992345", "pays"),
    ("gp", ["CPS_NAME_PS"], "nom_patronymique  FICTIF-LEROUX", "CPS_INFO_PS"),
    ("gp", ["D105", "PIN", "81"], "3 of 3 tries left", "PUK"),
    ("gp", ["81"], "CPS_PRIV_SIG", "CPS_PRIV_AUT"),
    ("gp", ["CPS_PRIV_AUT"], "key 82", "key 81"),
    ("gp", ["PUK"], "100 uses left", "Code porteur"),
    ("gp", ["CPX IAS CL"], "EF.ODF (CL)", "CPS_NAME_PS"),
    ("gp", ["CPS_SIT_FACT/1/zone"], "24", "specialite"),
    ("gp", ["CPS_SIT_FACT/1"], "conventionnelles.zone        24", "CPS_SIT"),
]


@pytest.mark.parametrize(("profile", "parts", "there", "elsewhere"), PARTS)
def test_show_a_part(profile, parts, there, elsewhere, card, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    path = card(profile)
    assert main(["card", "show", path, *parts]) == 0
    out = capsys.readouterr().out
    assert there in out
    assert elsewhere not in out
    assert main(["card", "show", path, *parts, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown if len(parts) == 1 else set(shown) == set(parts)


@pytest.mark.parametrize(
    ("profile", "part", "message"),
    [
        ("gp", "G101", "there is no G101 on this card; it has: MF, PIN-01, PUK-02, issuer's key set, EF.DIR"),
        ("vitale-single", "G103", "there is no G103 on this card; it has: MF, issuer's update, enciphering"),
        ("vitale-single", "BEN", "there is no BEN on this card; near it are: BEN01"),
        ("vitale-single", "G101/77", "group 101 has no field 77: it has 14"),
        ("gp", "5031", "5031 is more than one part of this card: 3F00/0001/5031, 3F00/0002/5031"),
        ("gp", "CPS_ACTIVITY_09_PS", "there is no CPS_ACTIVITY_09_PS on this card"),
        ("gp", "CPS_NAME_PS/nom_marital", "there is nothing at CPS_NAME_PS/nom_marital"),
    ],
)
def test_a_part_that_is_not_there_lists_those_that_are(profile, part, message, card, capsys):
    assert main(["card", "show", card(profile), part]) == 3
    out, err = said(capsys)
    assert out == []
    assert err[0].startswith(f"bifente: {message}")


def test_parts_are_completed(card):
    context = click.Context(card_group.commands["show"])
    context.params["card"] = Path(card("vitale-single"))
    names = [item.value for item in complete_part(context, context.command.params[1], "")]
    assert {"G101", "BEN01", "EF.NIR", "VITALE"} <= set(names)
    found = [item.value for item in complete_part(context, context.command.params[1], "g1")]
    assert found == ["G101"]
    context.params["card"] = Path("none.card")
    assert complete_part(context, context.command.params[1], "") == []
