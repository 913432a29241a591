"""``bifente card update`` and ``card renew``; the Vitale 1 by the commands that know both generations."""

import json
from datetime import date
from pathlib import Path

import pytest
from cardbench import said

from bifente.applets.perso import issuersigned
from bifente.applets.store.stores import SqliteStore, read_snapshot
from bifente.cli.main import main


@pytest.fixture
def patient(bench) -> str:
    return bench.card("vitale-single")


def _rights(bench, tmp_path: Path, name: str = "vitale-single", **changes: str) -> str:
    """A profile as a shipped one, with other words in it."""
    from bifente.applets.perso.profile.shipped import shipped_text

    text = shipped_text(name)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "new rights.yaml"
    path.write_text(text)
    return str(path)


def test_an_update_puts_new_rights_under_the_issuers_signature(bench, patient, tmp_path, capsys) -> None:
    before = read_snapshot(Path(patient))
    rights = _rights(bench, tmp_path, **{"VILLE-FICTIVE": "AUTRE-FICTIVE"})
    assert main(["card", "update", patient, rights, "--date", "2027-01-04", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["where"] for one in told["changes"]} == {"BEN01/104/8", "EF.SIG.ISSUER/hex", "state/date"}
    after = read_snapshot(Path(patient))
    assert issuersigned.uncovered(after) == []
    assert issuersigned.read(after).day == date(2027, 1, 4)
    assert after["file/3F00/C001"] == before["file/3F00/C001"]
    assert main(["card", "rights", patient, "--cps", bench.card("gp"), "--pin", "1234"]) == 0
    assert "AUTRE-FICTIVE" in capsys.readouterr().out


def test_what_it_was_comes_back(bench, patient, tmp_path, capsys) -> None:
    before = read_snapshot(Path(patient))
    assert main(["card", "update", patient, _rights(bench, tmp_path, VILLE="AUTRE")]) == 0
    assert main(["card", "restore", patient]) == 0
    after = read_snapshot(Path(patient))
    kept = {name for name in before if not name.startswith("initial/")}
    assert {name: after.get(name) for name in kept} == {name: before[name] for name in kept}


def test_a_renewed_card_is_valid_for_five_years(bench, patient, capsys) -> None:
    before = read_snapshot(Path(patient))
    assert main(["card", "expire", patient]) == 0
    cps = bench.card("gp")
    assert main(["card", "rights", patient, "--cps", cps, "--pin", "1234"]) != 0
    capsys.readouterr()
    assert main(["card", "renew", patient, "--json"]) == 0
    changes = {one["where"]: one["new"] for one in json.loads(capsys.readouterr().out)["changes"]}
    assert changes["G101/101/3"] == f"{_day_before(date.today(), 5):%Y%m%d}0000"
    assert changes["EF.NIR/carte/debut_validite"] == f"{date.today():%Y%m%d}"
    assert main(["card", "rights", patient, "--cps", cps, "--pin", "1234"]) == 0
    after = read_snapshot(Path(patient))
    keys = [name for name in before if name.startswith(("key/", "secret/"))]
    assert {name: after[name] for name in keys} == {name: before[name] for name in keys}
    assert (
        main(
            [
                "sheet",
                "make",
                "--cps",
                cps,
                "--vitale",
                patient,
                "--act",
                "G",
                "--pin",
                "1234",
                "-o",
                bench.path("s.p7m"),
            ]
        )
        == 0
    )


def _day_before(day: date, years: int) -> date:
    from datetime import timedelta

    from bifente.applets.perso.profile.model import years_later

    return years_later(day, years) - timedelta(days=1)


def test_a_card_of_today_is_renewed_already(bench, patient, capsys) -> None:
    before = read_snapshot(Path(patient))
    assert main(["card", "renew", patient]) == 0
    assert "nothing has changed" in said(capsys)[0][0]
    assert read_snapshot(Path(patient)) == before


def test_a_dump_after_a_renewal_makes_the_same_card(bench, patient, capsys) -> None:
    assert main(["card", "renew", patient, "--date", "2027-03-01"]) == 0
    assert main(["card", "dump", patient, "--secrets", "-o", bench.path("d.yaml")]) == 0
    assert main(["card", "create", bench.path("d.yaml"), "-o", bench.path("again.card")]) == 0
    assert main(["card", "diff", patient, bench.path("again.card")]) == 0


@pytest.mark.parametrize(
    ("made", "rights", "said_of_it"),
    [
        ("vitale-single", "vitale-ald", "another assuré"),
        ("vitale-single", "gp", "holds no rights"),
        ("vitale-single", "nothing.in", "nothing.in"),
        ("vitale1-family", "vitale-single", "is a carte Vitale 1: it cannot be a card that a kiosk updates"),
        ("gp", "vitale-single", "is a CPS: it cannot be a card that a kiosk updates"),
    ],
)
def test_what_a_kiosk_does_not_do(bench, capsys, made, rights, said_of_it) -> None:
    card = bench.card(made)
    before = read_snapshot(Path(card))
    assert main(["card", "update", card, rights]) not in (0, 1)
    _, err = said(capsys)
    assert said_of_it in err[0]
    assert read_snapshot(Path(card)) == before


def test_an_opposed_or_changed_card_is_not_renewed(bench, patient, capsys) -> None:
    assert main(["card", "set", patient, "BEN01/104/8", "99999 FAUX", "--unsigned"]) == 0
    capsys.readouterr()
    assert main(["card", "renew", patient]) == 3
    assert "somebody has changed BEN01" in said(capsys)[1][0]
    assert main(["card", "restore", patient]) == 0
    assert main(["card", "oppose", patient]) == 0
    capsys.readouterr()
    assert main(["card", "renew", patient]) == 3
    _, err = said(capsys)
    assert "a kiosk does nothing for it" in err[0]
    assert "--lift" in err[1]


def test_a_card_of_before_has_no_keys_for_it(bench, patient, capsys) -> None:
    with SqliteStore(Path(patient)) as store:
        store.commit({"secret/3F00/0A": None, "secret/3F00/0B": None})
    assert main(["card", "renew", patient, "--date", "2027-03-01"]) not in (0, 1)
    assert "holds no keys of its issuer for updates" in said(capsys)[1][0]


def test_another_authority_renews_nothing(bench, patient, tmp_path, capsys) -> None:
    from bifente.igc import Authority

    other = Authority.init(tmp_path / "other", key_source=bench.source)
    assert main(["card", "renew", patient, "--igc", str(other.directory)]) == 3
    assert "another authority issued this card" in said(capsys)[1][0]


def test_a_vitale_1_by_the_commands_of_both_generations(bench, capsys) -> None:
    family, cps = bench.card("vitale1-family"), bench.card("gp")
    assert main(["card", "rights", family, "--cps", cps, "--pin", "1234", "--json"]) == 0
    out, err = said(capsys)
    assert "\n".join(out).count("EXEMPLE-FABRE") >= 5
    assert "holds no issuer's signature" in err[0]
    sheet = bench.path("family.p7m")
    made = [
        "sheet",
        "make",
        "--cps",
        cps,
        "--vitale",
        family,
        "--act",
        "G",
        "--beneficiary",
        "4",
        "--pin",
        "1234",
    ]
    assert main([*made, "-o", sheet]) == 0
    capsys.readouterr()
    assert main(["sheet", "verify", sheet, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["version"], facts["vitale_proof"], facts["verified"]["vitale"]) == (4, "mac", True)
    assert main(["card", "oppose", family]) == 0
    assert main(["card", "oppose", family, "--lift"]) == 0


def test_what_a_vitale_1_does_not_hold_is_said(bench, capsys) -> None:
    family = bench.card("vitale1-family")
    before = read_snapshot(Path(family))
    assert main(["card", "set", family, "BEN01/104/6", "X" * 3500]) == 3
    _, err = said(capsys)
    assert "has 4096 bytes of memory" in err[0]
    assert read_snapshot(Path(family)) == before
