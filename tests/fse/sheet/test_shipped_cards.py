"""Cards from the shipped profiles take the whole road; whoever may not bill learns it at its place."""

from datetime import date
from decimal import Decimal

import pytest

from bifente.applets import card_of
from bifente.applets.perso import personalise, read_profile, shipped_profiles
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.fse.sheet import Act, ProblemKind, RightsRefused, UnknownSituation
from bifente.terminal import CpsUnusable, RecognitionRequired, VitaleUnusable

TODAY = date(2026, 3, 2)


@pytest.fixture(scope="session")
def shipped(authority):
    """A card made of a shipped profile, by its name; None when that profile is of another kind."""
    made = {}

    def records(name):
        if name not in made:
            profile = read_profile(name)
            made[name] = (profile, personalise(profile, authority, keys=rsa.generate, today=TODAY))
        return made[name]

    def card(name, kind):
        profile, content = records(name)
        return (
            (profile, card_of(MemoryStore(dict(content)), kind)) if profile.kind == kind else (profile, None)
        )

    return card


@pytest.mark.parametrize("name", sorted(shipped_profiles().keys() - {"t1test", "isotest"}))
def test_each_shipped_card_beside_the_usual_other(name, shipped, consultation):
    profile, cps = shipped(name, "cps4" if name.endswith("-cps4") else "cps3")
    _, vitale = shipped(name, "vitale1" if profile.kind == "vitale1" else "vitale2")
    assert cps or vitale, f"what is {profile.kind}?"
    cps = cps or shipped("gp", "cps3")[1]
    vitale = vitale or shipped("vitale-single", "vitale2")[1]
    session = consultation(cps, vitale, ready=False)
    session.present_pin(b"1234")
    if "expired" in name:
        with pytest.raises((CpsUnusable, VitaleUnusable), match="ended on"):
            session.recognise()
        return
    with session:
        recognised = session.recognise()
        if recognised.cha_cps.g02 == 1:
            with pytest.raises(RecognitionRequired):
                session.rights()
            return
        if profile.kind == "vitale1":
            assert session.vitale.face().nir == session.rights()[0]["NIR"]
            sheet_of(session)
            return
        assert session.vitale.registration().nir == session.rights()[0]["NIR"]
        assert session.vitale.identity().birth_date == session.beneficiaries()[0].birth_date
        assert recognised.chr_vitale == b"\0\0" + session.vitale.pan()
        assert recognised.chr_cps == b"\0\0" + session.cps.pan()
        sheet_of(session)


def sheet_of(session) -> None:
    """Draw up, sign and verify; a CPS without a billing situation cannot."""
    acts = [Act("G", Decimal(1), 3000, TODAY)]
    groups = session.professional()
    if not any(group.id == 2 for group in groups):
        with pytest.raises(UnknownSituation):
            session.draw_up(acts, number=1, care_date=TODAY)
        return
    try:
        sheet = session.draw_up(acts, number=1, care_date=TODAY)
    except RightsRefused:
        sheet = session.draw_up(acts, number=1, care_date=TODAY, accept=list(ProblemKind))
    assert session.verify(session.sign(sheet)).sheet == sheet
