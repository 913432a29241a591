"""Card files on the workbench, without any face: made, changed, opposed, given back, and what is refused."""

from datetime import date
from pathlib import Path

import pytest
from issued import TODAY, authority, records

from bifente.applets import read_card
from bifente.applets.perso import PersoError
from bifente.applets.store.errors import CardInUse
from bifente.applets.store.stores import SqliteStore, create_card_file
from bifente.igc.opposition import LIST, OpposedCps, OpposedVitale, read_list
from bifente.workbench.cards import editing, making
from bifente.workbench.cards.dialogue import Unproven, rights
from bifente.workbench.cards.files import check_card_place
from bifente.workbench.cards.parts import names_in
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.slots import Slots
from bifente.workbench.sheets.verifying import verify_sheet


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for profile, name in (("gp", "cps.card"), ("vitale-single", "vitale.card")):
        create_card_file(tmp_path / name, records(profile))
    return tmp_path


def kind_of_refusal(refused: pytest.ExceptionInfo[WorkbenchError]) -> str:
    return refused.value.kind


def test_a_field_is_set_and_signed_anew(folder: Path) -> None:
    card = folder / "vitale.card"
    news = editing.set_field(card, "G101/3", "203012310000", issuer=authority())
    assert [one.where for one in news.differences] == ["EF.SIG.ISSUER/hex", "G101/101/3"]
    assert news.signed_anew == "EF.SIG.ISSUER"
    assert editing.uncovered(card) == []
    news = editing.set_field(card, "G101/3", "203112310000")
    assert news.signed_anew is None
    assert editing.uncovered(card) == ["G101"]
    assert editing.sign(card, authority(), TODAY).signed_anew == "EF.SIG.ISSUER"
    assert editing.uncovered(card) == []


def test_bytes_that_somebody_puts_for_the_signature_are_shown(folder: Path) -> None:
    news = editing.set_field(folder / "vitale.card", "EF.SIG.ISSUER", "00")
    assert news.signed_anew is None
    assert [one.second for one in news.differences] == ["00"]


def test_an_opposition_is_on_the_list_until_it_is_lifted(folder: Path) -> None:
    cps, vitale, list_ = folder / "cps.card", folder / "vitale.card", authority().directory / LIST
    assert [path.name for path in editing.oppose(cps, authority(), date(2026, 5, 1))] == [
        LIST,
        "persons-fort.crl",
    ]
    assert editing.oppose(vitale, authority()) == [list_]
    found = read_list(list_)
    assert [type(one) for one in (*found.cps, *found.vitale)] == [OpposedCps, OpposedVitale]
    assert found.cps[0].since == date(2026, 5, 1)
    with pytest.raises(editing.OpposedAlready) as refused:
        editing.oppose(cps, authority(), date(2026, 6, 1))
    assert (refused.value.kind, refused.value.card) == ("input.opposed-already", cps)
    assert editing.restore(cps).opposed == "2026-05-01"
    for card in (cps, vitale):
        editing.lift(card, authority())
    assert read_list(list_).cps == read_list(list_).vitale == ()
    with pytest.raises(WorkbenchError, match="on no list"):
        editing.lift(cps, authority())


def test_a_card_in_use_is_not_changed(folder: Path) -> None:
    with SqliteStore(folder / "cps.card"), pytest.raises(CardInUse):
        editing.block(folder / "cps.card")


def test_a_copy_of_another_card_takes_its_place_by_force_only(folder: Path) -> None:
    cps, vitale = folder / "cps.card", folder / "vitale.card"
    with pytest.raises(WorkbenchError) as refused:
        editing.restore_from(cps, vitale)
    assert kind_of_refusal(refused) == "input.another-card"
    assert editing.restore_from(cps, vitale, force=True).kind == "vitale2"
    assert read_card(cps) == read_card(vitale)


def test_what_would_be_refused_after_the_work_is_refused_before(folder: Path) -> None:
    from bifente.applets.perso import read_profile

    profile = read_profile("gp")
    with pytest.raises(WorkbenchError) as refused:
        making.needs_authority(profile, folder / "cps.card", named=False)
    assert kind_of_refusal(refused) == "card-file.exists"
    assert making.needs_authority(profile, folder / "new.card", named=False)
    assert not making.needs_authority(read_profile("t1test"), folder / "new.card", named=False)
    real = profile.model_copy(update={"environment": "production-like"})
    with pytest.raises(WorkbenchError) as refused:
        making.needs_authority(real, folder / "new.card", named=False)
    assert kind_of_refusal(refused) == "input.needs-authority"
    with pytest.raises(WorkbenchError, match="its folder does not exist"):
        check_card_place(folder / "none" / "new.card")
    with pytest.raises(PersoError):
        making.make_card(profile, folder / "new.card", authority("P"), TODAY)
    assert not (folder / "new.card").exists()


def test_a_card_file_is_neither_a_sheet_nor_a_content(folder: Path) -> None:
    for refuse in (verify_sheet, making.imported):
        with pytest.raises(WorkbenchError, match=r"vitale\.card: a card file, not ") as refused:
            refuse(folder / "vitale.card")
        assert kind_of_refusal(refused) == "input.is-a-card-file"


def test_the_rights_are_read_with_the_professionals_card(folder: Path) -> None:
    notes: list[Unproven] = []
    groups = rights(
        folder / "vitale.card",
        folder / "cps.card",
        lambda: b"1234",
        day=TODAY,
        authority=authority().directory,
        note=notes.append,
    )
    assert [group.id for group in groups][:2] == [101, 104]
    assert notes == []


def test_the_parts_of_what_is_no_card_are_none(folder: Path) -> None:
    assert "G101" in names_in(folder / "vitale.card")
    (folder / "x.card").write_text("no card")
    assert names_in(folder / "x.card") == []


def test_a_card_is_in_one_slot_only(folder: Path) -> None:
    with Slots([str(folder / "cps.card"), "-"], name="R") as slots:
        for question in (
            {"do": "insert", "card": str(folder / "cps.card"), "slot": "Vitale"},
            {"do": "swap", "card": str(folder / "cps.card"), "slot": "Vitale"},
        ):
            with pytest.raises(WorkbenchError, match="this card is in slot 1 already") as refused:
                slots.answer(question)
            assert kind_of_refusal(refused) == "card-in-use"
