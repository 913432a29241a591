"""The list of opposed cards as a value, and the revocation lists that are made of it."""

import json
from datetime import date

from cryptography import x509

from bifente.igc import Authority, Gamme
from bifente.igc.opposition import (
    LIST,
    OpposedCps,
    OpposedVitale,
    OppositionList,
    read_list,
)
from bifente.igc.revocation import lift_card, oppose_card, opposed

DOCTOR = OpposedCps("40000001", Gamme.FORT, ("1a", "1b"), date(2026, 5, 1))
PATIENT = OpposedVitale("17000001", "80250000021700000100", date(2026, 5, 2))


def test_an_entry_takes_the_place_of_that_of_the_same_card() -> None:
    later = OpposedCps(DOCTOR.card, Gamme.STANDARD, ("2a",), date(2026, 6, 1))
    found = OppositionList().with_entry(DOCTOR).with_entry(PATIENT).with_entry(later)
    assert (found.cps, found.vitale) == ((later,), (PATIENT,))
    assert found.of(OpposedCps, DOCTOR.card) is later
    assert found.of(OpposedVitale, DOCTOR.card) is None, "numbers are those of a kind of card"
    assert found.without(OpposedVitale, DOCTOR.card) == found
    assert found.without(OpposedCps, DOCTOR.card).cps == ()


def test_what_is_written_is_read_again_and_revoked(pooled_authority: Authority) -> None:
    folder = pooled_authority.directory
    try:
        assert oppose_card(pooled_authority, PATIENT) == [folder / LIST]
        assert oppose_card(pooled_authority, DOCTOR) == [folder / LIST, folder / "persons-fort.crl"]
        assert read_list(folder / LIST) == OppositionList((DOCTOR,), (PATIENT,))
        assert json.loads((folder / LIST).read_text())["cps"][0]["certificates"] == ["1a", "1b"]
        assert opposed(pooled_authority, OpposedCps, DOCTOR.card) == DOCTOR
        crl = x509.load_der_x509_crl((folder / "persons-fort.crl").read_bytes())
        assert {entry.serial_number for entry in crl} == {0x1A, 0x1B}
        moved = OpposedCps(DOCTOR.card, Gamme.STANDARD, ("1a",), DOCTOR.since)
        assert [path.name for path in oppose_card(pooled_authority, moved)] == [
            LIST,
            "persons-fort.crl",
            "persons-standard.crl",
        ]
        assert len(x509.load_der_x509_crl((folder / "persons-fort.crl").read_bytes())) == 0
        lift_card(pooled_authority, OpposedCps, DOCTOR.card)
        assert len(x509.load_der_x509_crl((folder / "persons-standard.crl").read_bytes())) == 0
        assert read_list(folder / LIST) == OppositionList((), (PATIENT,))
    finally:
        for left in (folder / LIST, folder / "register.db", *folder.glob("persons-*.crl")):
            left.unlink(missing_ok=True)
