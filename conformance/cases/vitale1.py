"""The cases of a carte Vitale 1: its recognition by a CPS, and what stays closed when that is over. All ``synthetic``."""

from datetime import date
from typing import Final

from bifente.conformance.case import Bench, Collection, Need, check, same
from bifente.terminal import CpsSession, RecognitionRequired, Vitale1Session, recognise

CASES = Collection("terminal")

_BOTH: Final = ("cps3", "vitale1")


def _sessions(bench: Bench) -> tuple[CpsSession, Vitale1Session]:
    cps, vitale = CpsSession(bench.link("cps3")), Vitale1Session(bench.link("vitale1"))
    value = bench.card("cps3").pin
    assert value is not None
    cps.verify_pin(value)
    return cps, vitale


@CASES.case("v1-face-reads", "Number, names and NIR have their shape", "layout (synthetic)", ("vitale1",))
def _face(bench: Bench) -> None:
    session = Vitale1Session(bench.link("vitale1"))
    face = session.face()
    same((len(face.nir), len(face.key), len(session.pan())), (13, 2, 10), "sizes of NIR, key and number")


@CASES.case(
    "v1-recognised",
    "A recognised CPS reads the rights of the whole family and has a sheet certified by 8 bytes",
    "recognition (synthetic), Vitale 1",
    _BOTH,
    Need.PIN,
)
def _recognised(bench: Bench) -> None:
    cps, vitale = _sessions(bench)
    with recognise(cps, vitale, date=date.today()):
        groups = vitale.rights()
        same(groups[0].id, 101, "the first group")
        check(any(group.id == 104 for group in groups), "no bénéficiaire")
        same(len(vitale.sign_sheet(bytes(32))), 8, "bytes of the certificate")


@CASES.case(
    "v1-closed-again",
    "When the recognition is over the rights are closed, and no sheet is certified",
    "recognition (synthetic), Vitale 1",
    _BOTH,
    Need.PIN,
)
def _closed_again(bench: Bench) -> None:
    cps, vitale = _sessions(bench)
    with recognise(cps, vitale, date=date.today()):
        vitale.rights()
    for what, verb in (("rights", vitale.rights), ("sheet", lambda: vitale.sign_sheet(bytes(32)))):
        try:
            verb()
        except RecognitionRequired:
            continue
        check(False, f"{what}: open although the recognition is over")
