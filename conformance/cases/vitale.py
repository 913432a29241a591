"""The vitale suite's cases that look inside: the file map, the certificates, what stays closed."""

from typing import Final

from bifente.apdu.cvc import CvEnvelope
from bifente.apdu.instructions import SELECT
from bifente.apdu.status import SW
from bifente.conformance.case import Bench, Collection, Need, WholeLink, check, same
from bifente.conformance.cases.cps import sizes_agree
from bifente.terminal import RecognitionRequired, VitaleSession

CASES = Collection("vitale")

_VITALE: Final = ("vitale2",)


@CASES.case(
    "pointers-lead-somewhere",
    "Each file that POINTERS names can be selected",
    "cardpeek vitale_2.lua",
    _VITALE,
)
def _pointers(bench: Bench) -> None:
    link = bench.link("vitale2")
    pointers = VitaleSession(link).pointers()
    check(pointers, "POINTERS names no file")
    whole = WholeLink(link)
    for name, pointer in pointers.items():
        # A map may name application directories, too: what it names must be there in any case.
        for p1 in (0x02, 0x01):
            command = bytes((0x00, SELECT, p1, 0x0C, 0x02)) + pointer.fid.to_bytes(2, "big")
            whole.send(bytes.fromhex("00A4040C") + bytes((len(pointer.application),)) + pointer.application)
            status = whole.send(command).sw
            if status == SW.SUCCESS:
                break
        same(status, SW.SUCCESS, f"the status word of SELECT {name}")


@CASES.case(
    "sizes-agree", "Each free file is as long as its FCP says", "ISO/IEC 7816-4:2020 §7.4.3, tag 80", _VITALE
)
def _sizes(bench: Bench) -> None:
    sizes_agree(
        bench,
        "vitale2",
        ("3F002F00", "3F002F02", "3F00D001", "3F00C001", "3F0000012001", "3F0000012002", "3F000002C081"),
    )


@CASES.case(
    "cv-certificates",
    "Both CV certificates are 7F21 objects of one authority",
    "recognition (synthetic), certificates",
    _VITALE,
)
def _certificates(bench: Bench) -> None:
    session = VitaleSession(bench.link("vitale2"))
    cars = {CvEnvelope.parse(raw).car for raw in (session.cv_certificate(), session.sheet_certificate())}
    same(len(cars), 1, "authorities of the two certificates")


@CASES.case(
    "closed-without-recognition",
    "Rights, volets and sheet signature ask for a recognised professional, as the session tells it",
    "recognition (synthetic)",
    _VITALE,
    Need.KNOWN,
)
def _closed(bench: Bench) -> None:
    session = VitaleSession(bench.link("vitale2"))
    for what, verb in (("rights", session.rights), ("sheet", lambda: session.sign_sheet(bytes(32)))):
        try:
            verb()
        except RecognitionRequired:
            continue
        check(False, f"{what}: open without a recognised professional")


@CASES.case(
    "identity-reads",
    "Identity and NIR have the shape that public readers expect",
    "public Vitale readers",
    _VITALE,
)
def _identity(bench: Bench) -> None:
    session = VitaleSession(bench.link("vitale2"))
    session.identity()
    session.registration()
    same(len(session.pan()), 10, "bytes of the card's number")
