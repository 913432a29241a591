"""Invoicing with sheets, lots and files of ours, for who asks for it: **synthetic** from the first byte to the last.

What the real functions take and give is public in part only (spec/ssv.md §4). The groups that are known (1110 invoice, 1130
bénéficiaire) say which sheet is made; the groups of acts are not public, so an act stands in a group 9100 of ours, in words. What
comes out is a zone of groups of ours, each marked: the sheet that both cards have signed, the lot with its B2 file that the CPS
has signed, the file. ``FactureACreer`` and ``ModeSecur`` are not looked at: their values are not public.

======  ===================================================================================================================
group   fields
======  ===================================================================================================================
9000    SYNTHETIQUE, number of the invoice, part and parts, bytes: the sheet (CMS)
9001    SYNTHETIQUE, identification of the file, part and parts, bytes: the B2 file of a lot
9002    SYNTHETIQUE, identification of the file, part and parts, bytes: the signed lot (CMS)
9100    the act in words: code, perhaps coefficient, ``name=value`` (``G``, ``AMK 7.5 quantity=2``)
9200    an ARL: SYNTHETIQUE, file, lot, O or N (positive), its codes
======  ===================================================================================================================
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from bifente.fse.errors import FseError
from bifente.fse.lots.files import lot_file
from bifente.fse.lots.grouping import into_lots
from bifente.fse.lots.values import MAX_LOT, Invoice
from bifente.fse.returns.arl import read_arl
from bifente.fse.sheet.acts import Act
from bifente.fse.sheet.lotsigner import CpsSigner
from bifente.fse.sheet.model import BillingSituation, CareSheet, draw_up, situation_number
from bifente.fse.sheet.rights import Rights, rights_at
from bifente.fse.sheet.signature import sign, version_for
from bifente.fse.sheet.verification import verify
from bifente.igc import TrustStore
from bifente.sesam.caller import CallerProcess
from bifente.sesam.codes import ReturnCode
from bifente.sesam.errors import CallFailed, SesamError
from bifente.sesam.reading import CardReading, moment_of, need_resources
from bifente.sesam.resources import CPS
from bifente.sesam.zones import ZoneGroup, decode_zone, encode_zone
from bifente.ssv.groups import Group
from bifente.ssv.people import people

SHEET, FILE, LOT, ACT, ARL = 9000, 9001, 9002, 9100, 9200
MARK: Final = b"SYNTHETIQUE"
_PIECE: Final = 60_000
"""A group has at most 65 535 bytes."""

Pricing = Callable[[Sequence[str], date, BillingSituation, Rights], Sequence[Act]]
"""Acts in words at the prices of their day. Raises SesamError."""


class SyntheticInvoicing:
    """The functions of invoicing over the cards of a desk. Methods give zones, or raise CallFailed."""

    def __init__(self, reading: CardReading, trust: TrustStore, price: Pricing) -> None:
        self._reading = reading
        self._trust = trust
        self._price = price
        self._intermediates = [one.public_bytes(Encoding.DER) for one in trust.intermediates]
        self._lots = count(1)

    def sheet_zone(
        self, caller: CallerProcess, ps: str | None, reader: str | None, pin: str | None, zone: bytes | None
    ) -> bytes:
        """FormaterFactures: the sheet of the invoice in *zone*, signed by both cards."""
        need_resources(ps, reader)
        groups = groups_in(zone)
        head = first_of(groups, 1110)
        number = whole(head, 1, "number of the invoice")
        day = moment_of(head.text(3)).date() if head.text(3) else self._reading.day_of(None)
        words = [group.text(1) for group in groups if group.id == ACT]
        if not words:
            raise CallFailed(
                ReturnCode.NOT_AVAILABLE,
                "the groups of acts are not public: give each act in a group 9100 of ours",
            )
        with (
            failing_as_calls(),
            self._reading.cards(caller),
            self._reading.recognised(pin, self._reading.day_of(None)) as recognition,
        ):
            professional, rights = recognition.cps.professional(), recognition.vitale.rights()
            person = beneficiary_of(groups, rights)
            situation = situation_of(head, professional)
            found, _ = rights_at(rights, person, day)
            sheet = draw_up(
                number=number,
                care_date=day,
                professional=professional,
                rights=rights,
                acts=self._price(words, day, situation, found),
                situation=situation.number,
                beneficiary=person,
                version=version_for(recognition.vitale),
            )
            signed = sign(sheet, recognition, intermediates=self._intermediates)
        return encode_zone(wrapped(SHEET, str(number), signed))

    def lot_zone(
        self,
        caller: CallerProcess,
        ps: str | None,
        reader: str | None,
        pin: str | None,
        zones: Sequence[bytes],
    ) -> tuple[bytes, int]:
        """FormaterLot: the lots of the sheets in *zones*, signed by the CPS, and how many there are."""
        need_resources(ps, reader)
        day = self._reading.day_of(None)
        with failing_as_calls():
            invoices = [
                Invoice(sheet.number, sheet, signed) for zone in zones for sheet, signed in self._sheets(zone)
            ]
            lots = into_lots(invoices, (next(self._lots) % MAX_LOT or MAX_LOT for _ in count()), day)
            if not lots:
                raise CallFailed(ReturnCode.PARAMETER, "no sheet to put into a lot")
            made: list[ZoneGroup] = []
            with self._reading.cards(caller, frozenset((CPS,))), self._reading.professional(pin) as session:
                signer = CpsSigner(session, self._intermediates)
                for lot in lots:
                    file = lot_file([lot], f"S{lot.number:05}", day, signer)
                    made += wrapped(FILE, file.identification, file.b2)
                    made += wrapped(LOT, file.identification, file.signed_lots[0])
        return encode_zone(made), len(lots)

    def file_zone(self, zone: bytes | None) -> bytes:
        """FormaterFichier: what is sent of the lots in *zone*; each is a file here, which has been signed already."""
        groups = [group for group in groups_in(zone) if group.id in (FILE, LOT)]
        if not unwrapped(groups, FILE) or len(unwrapped(groups, FILE)) != len(unwrapped(groups, LOT)):
            raise CallFailed(ReturnCode.PARAMETER, "no whole lot of ours in the zone")
        return encode_zone(groups)

    def readable_zone(self, zone: bytes | None) -> bytes:
        """TraduireFSE: what the sheets in *zone* say, once their signatures hold."""
        with failing_as_calls():
            sheets = self._sheets(zone)
        if not sheets:
            raise CallFailed(ReturnCode.PARAMETER, "no sheet of ours in the zone")
        return encode_zone(group for sheet, _ in sheets for group in groups_of(sheet))

    def arl_zone(self, zones: Sequence[bytes]) -> bytes:
        """TraduireARL: what the ARL (CMS) in *zones* say, once their signatures hold."""
        made = []
        with failing_as_calls():
            for raw in zones:
                arl = read_arl(raw, self._trust)
                codes = ",".join(code.code for code in arl.codes)
                fields = (arl.file_id, str(arl.lot), "O" if arl.positive else "N", codes)
                made.append(ZoneGroup(ARL, (MARK, *(field.encode("latin-1") for field in fields))))
        return encode_zone(made)

    def _sheets(self, zone: bytes | None) -> list[tuple[CareSheet, bytes]]:
        signed = unwrapped(groups_in(zone), SHEET)
        return [(verify(one, self._trust).sheet, one) for one in signed]


def wrapped(identifier: int, label: str, content: bytes) -> Iterator[ZoneGroup]:
    """*content* in as many groups as it takes, each marked."""
    pieces = [content[at : at + _PIECE] for at in range(0, len(content), _PIECE)] or [b""]
    for number, piece in enumerate(pieces, 1):
        yield ZoneGroup(identifier, (MARK, label.encode("latin-1"), b"%d/%d" % (number, len(pieces)), piece))


def unwrapped(groups: Sequence[ZoneGroup], identifier: int) -> list[bytes]:
    """The contents that :func:`wrapped` has put into groups of that number. Raises CallFailed when a part is missing."""
    contents = []
    parts: list[bytes] = []
    for group in groups:
        if group.id != identifier:
            continue
        place = group.text(3).split("/")
        if len(group.fields) != 4 or len(place) != 2 or place[0] != str(len(parts) + 1):
            raise CallFailed(
                ReturnCode.PARAMETER, f"group {identifier}: a part is missing or out of its place"
            )
        parts.append(group.fields[3])
        if place[0] == place[1]:
            contents.append(b"".join(parts))
            parts = []
    if parts:
        raise CallFailed(ReturnCode.PARAMETER, f"group {identifier}: the last parts are missing")
    return contents


def groups_in(zone: bytes | None) -> list[ZoneGroup]:
    """The groups of a zone. Raises CallFailed (4000) for what is none."""
    try:
        return decode_zone(zone or b"")
    except SesamError as error:
        raise CallFailed(ReturnCode.PARAMETER, f"not a zone: {error}") from error


def first_of(groups: Sequence[ZoneGroup], identifier: int) -> ZoneGroup:
    """The first group of that number. Raises CallFailed without one."""
    for group in groups:
        if group.id == identifier:
            return group
    raise CallFailed(ReturnCode.PARAMETER, f"group {identifier} is missing")


def whole(group: ZoneGroup, field: int, what: str) -> int:
    """A field that is a number from 1 to nine digits. Raises CallFailed."""
    text = group.text(field)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
        raise CallFailed(ReturnCode.PARAMETER, f"group {group.id}, field {field}: {text[:20]!r} is no {what}")
    return int(text)


def situation_of(head: ZoneGroup, professional: Sequence[Group]) -> BillingSituation:
    """The situation that group 1110 names in its field 4, by default the first. Raises CallFailed."""
    wanted = head.text(4)
    for group in professional:
        if group.id == 2 and (not wanted or str(situation_number(group)) == wanted):
            return BillingSituation.of(group)
    raise CallFailed(ReturnCode.PARAMETER, f"the CPS has no situation de facturation {wanted or 'at all'}")


def beneficiary_of(groups: Sequence[ZoneGroup], rights: Sequence[Group]) -> int:
    """The place on the card of whom group 1130 means by date of birth and rank, or NIR; the first without such a group.

    Raises CallFailed for a person who is not on the card.
    """
    wanted = next((group for group in groups if group.id == 1130), None)
    if wanted is None:
        return 1
    nir, birth, rank = wanted.text(2), wanted.text(4)[:8], wanted.text(5)
    found = people(rights)
    for person in found:
        own = person.head["NIR certifié"]
        if (
            birth
            and person.head["date de naissance"][:8] == birth
            and rank in ("", person.head["rang gémellaire"])
        ):
            return person.number
        if nir and not birth and nir == own:
            return person.number
    raise CallFailed(ReturnCode.PARAMETER, f"group 1130 names nobody of the {len(found)} on the card")


def groups_of(sheet: CareSheet) -> list[ZoneGroup]:
    """A sheet in the groups whose fields are known (spec/fse.md §3.3), and its acts in ours."""
    situation, person, insured = sheet.situation, sheet.rights.beneficiary, sheet.rights.insured
    coverage = sheet.rights.coverage
    nir = person.certified_nir or insured.nir
    key = person.certified_nir_key if person.certified_nir else insured.nir_key
    doctor = sheet.professional
    said: list[tuple[int, Sequence[str]]] = [
        (1110, (str(sheet.number), "1", f"{sheet.care_date:%Y%m%d}0000", str(situation.number), "", "")),
        (
            1120,
            (
                situation.billing_id,
                situation.billing_id_key,
                doctor.family_name,
                doctor.given_name,
                situation.convention,
                situation.speciality,
                situation.tariff_zone,
                situation.ik_zone,
                situation.agreement_1,
                situation.agreement_2,
                situation.agreement_3,
                "",
            ),
        ),
        (
            1130,
            (
                "",
                nir,
                key,
                person.birth_date,
                person.birth_rank,
                person.quality,
                "" if coverage is None else coverage.ald + coverage.situation,
                "",
            ),
        ),
        (1310, (insured.regime, insured.caisse, insured.centre, "", "")),
    ]
    said += [(ACT, (f"{act.code} {act.coefficient} quantity={act.quantity}",)) for act in sheet.acts]
    return [ZoneGroup(number, tuple(text.encode("latin-1") for text in texts)) for number, texts in said]


@contextmanager
def failing_as_calls() -> Iterator[None]:
    """What a sheet, a lot or a tariff refuses ends the call with 4000 and its reason."""
    try:
        yield
    except (FseError, SesamError) as error:
        raise CallFailed(ReturnCode.PARAMETER, str(error)) from error
