"""Care sheets made: by both cards, by the CPS alone, on paper, or in two steps by secretariat and doctor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.sheets.cardsathand import (
    CPS,
    VITALE,
    Around,
    as_it_is,
    cards_at_hand,
    trusted_authority,
)
from bifente.workbench.sheets.pricing import PricedActs, nature_of, price_acts, unpriced_acts
from bifente.workbench.sheets.reading import PREPARED, read_sheet

if TYPE_CHECKING:
    from bifente.fse.sheet.acts import Circumstances, ThirdParty
    from bifente.fse.sheet.model import BillingSituation, CareSheet
    from bifente.fse.sheet.rights import Rights
    from bifente.fse.sheet.rightssources import RightsSource
    from bifente.fse.sheet.verification import VerifiedSheet
    from bifente.fse.tariff.explaining import PriceStep
    from bifente.fse.tariff.tables import Tables
    from bifente.igc import Authority
    from bifente.ssv.groups import Group
    from bifente.workbench.sheets.written import WrittenInsured, WrittenSheet

Pin = Callable[[], bytes]
"""Asked for the PIN once the cards are there."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the cards are and who is trusted: files, PC/SC readers, the folder of the authority, the day of today."""

    cps: Path | None = None
    vitale: Path | None = None
    readers: tuple[str, ...] = ()
    authority: Path | None = None
    today: date | None = None
    around: Around = as_it_is
    tables: Path | None = None
    """Where imported tables of the tariff lie, by default in the user's data folder."""

    @property
    def day(self) -> date:
        """By which the cards are judged."""
        return self.today or date.today()

    def care_date(self, written: "WrittenSheet") -> date:
        """The day of care that is said, by default today. Raises WorkbenchError for one that is still to come."""
        if written.date is not None and written.date > self.day:
            raise WorkbenchError(f"the care date {written.date} is later than today, {self.day}")
        return written.date or self.day

    def tariff(self, wanted: bool) -> "Tables | None":
        """The tables of the tariff, shipped and imported; None when none are *wanted*."""
        from bifente.workbench.tables import open_tables

        return open_tables(self.tables) if wanted else None


@dataclass(frozen=True, slots=True)
class MadeSheet:
    """A sheet, the bytes for its file, and what is to be said of it."""

    sheet: "CareSheet"
    content: bytes
    verdict: "VerifiedSheet | None" = None
    steps: "tuple[PriceStep, ...]" = ()
    notes: tuple[str, ...] = field(default=())


def make_sheet(
    written: "WrittenSheet",
    desk: Desk,
    pin: Pin,
    *,
    source: "RightsSource | None" = None,
    accept: bool = False,
    priced: bool = True,
) -> MadeSheet:
    """A secured sheet (mode S): both cards sign, and the signatures are verified. *accept* takes the rights as they are.

    Raises WorkbenchError, FseError, TerminalError, StoreError, ReaderError.
    """
    from bifente.fse.sheet.rightssources import CardRights
    from bifente.fse.sheet.session import CareSession

    authority = trusted_authority(desk.authority)
    care_date = desk.care_date(written)
    tariff = desk.tariff(priced)
    with (
        cards_at_hand(desk.cps, desk.vitale, desk.readers, around=desk.around) as links,
        CareSession(links[CPS], links[VITALE], trust=authority.trust_store, today=desk.day) as session,
    ):
        session.present_pin(pin())
        session.recognise()
        rights = (source or CardRights()).groups(session.rights())
        asked = _Asked(written, care_date, session.professional(), rights, accept=accept, tables=tariff)
        sheet = session.draw_up(
            asked.priced.acts,
            number=written.number,
            care_date=care_date,
            beneficiary=written.beneficiary,
            situation=written.situation,
            accept=asked.accepted,
            source=source,
            **asked.circumstances,
        )
        signed = session.sign(sheet)
        verdict = session.verify(signed)
    return MadeSheet(sheet, signed, verdict, asked.priced.steps, (*asked.problems, *asked.priced.notes))


def make_without_vitale(
    written: "WrittenSheet", desk: Desk, pin: Pin, *, degraded: bool = False, priced: bool = True
) -> MadeSheet:
    """A sheet of the mode F, which the CPS signs alone, or *degraded* (D), which no card signs: its canonical bytes.

    The insured is the one that *written* says. Raises as :func:`make_sheet`.
    """
    from bifente.fse.sheet import canonical
    from bifente.fse.sheet.acts import SheetMode
    from bifente.fse.sheet.model import draw_up_without_vitale
    from bifente.fse.sheet.signature import sign_alone
    from bifente.fse.sheet.verification import verify
    from bifente.terminal import CpsSession

    authority = trusted_authority(desk.authority)
    if written.insured is None:
        raise WorkbenchError(
            "without a Vitale the insured must be said", hint="as insured: in the file of the acts"
        )
    if written.third_party.complementary == "vitale":
        raise WorkbenchError("there is no Vitale to name the complementary insurer", hint="say its number")
    care_date = desk.care_date(written)
    tariff = desk.tariff(priced)
    rights = rights_of(written.insured)
    with cards_at_hand(desk.cps, None, desk.readers, with_vitale=False, around=desk.around) as links:
        cps = CpsSession(links[CPS])
        cps.verify_pin(pin())
        groups = cps.professional()
        third_party = third_party_of(written, [], care_date)
        priced_acts = _priced(
            written, care_date, situation_of(groups, written), rights, third_party, tables=tariff
        )
        sheet = draw_up_without_vitale(
            number=written.number,
            care_date=care_date,
            professional=groups,
            rights=rights,
            acts=priced_acts.acts,
            situation=written.situation,
            mode=SheetMode.DEGRADED if degraded else SheetMode.WITHOUT_VITALE,
            **circumstances_of(written, third_party),
        )
        content = (
            canonical.encode(sheet) if degraded else sign_alone(sheet, cps, intermediates=chain(authority))
        )
    verdict = None if degraded else verify(content, authority.trust_store)
    return MadeSheet(sheet, content, verdict, priced_acts.steps, priced_acts.notes)


def export_professional(desk: Desk, pin: Pin) -> bytes:
    """What the secretariat needs of the doctor to prepare sheets: see ``fse.sheet.professionalfile``."""
    from bifente.fse.sheet.professionalfile import write_professional
    from bifente.terminal import CpsSession

    with cards_at_hand(desk.cps, None, desk.readers, with_vitale=False, around=desk.around) as links:
        cps = CpsSession(links[CPS])
        cps.verify_pin(pin())
        return write_professional(cps)


def prepare_sheet(
    written: "WrittenSheet",
    professional: Path,
    desk: Desk,
    pin: Pin,
    *,
    accept: bool = False,
    priced: bool = True,
) -> MadeSheet:
    """The first step of a desynchronised signature: the card of the secretariat opens the Vitale, which signs.

    *professional* is the file of the doctor who will sign. The bytes are those for :func:`sign_prepared`. Raises as
    :func:`make_sheet`, ProfessionalFileError.
    """
    from bifente.documents import read_bytes
    from bifente.fse.sheet.model import draw_up
    from bifente.fse.sheet.professionalfile import MAX_PROFESSIONAL, read_professional
    from bifente.fse.sheet.session import CareSession
    from bifente.fse.sheet.signature import card_reference, prepare, version_for

    authority = trusted_authority(desk.authority)
    doctor = read_professional(read_bytes(professional, MAX_PROFESSIONAL), authority.trust_store)
    care_date = desk.care_date(written)
    tariff = desk.tariff(priced)
    with (
        cards_at_hand(desk.cps, desk.vitale, desk.readers, around=desk.around) as links,
        CareSession(links[CPS], links[VITALE], trust=authority.trust_store, today=desk.day) as session,
    ):
        session.present_pin(pin())
        recognition = session.recognise()
        asked = _Asked(written, care_date, doctor, session.rights(), accept=accept, tables=tariff)
        sheet = draw_up(
            number=written.number,
            care_date=care_date,
            professional=doctor,
            rights=session.rights(),
            acts=asked.priced.acts,
            situation=written.situation,
            beneficiary=written.beneficiary,
            accept=asked.accepted,
            prepared_by=card_reference(recognition.chr_cps),
            version=version_for(recognition.vitale),
            **asked.circumstances,
        )
        content = prepare(sheet, recognition).encode()
    return MadeSheet(sheet, content, None, asked.priced.steps, (*asked.problems, *asked.priced.notes))


def sign_prepared(prepared: Path, desk: Desk, pin: Pin) -> MadeSheet:
    """The second step: the doctor's CPS signs what was prepared, without the Vitale. Raises as :func:`make_sheet`."""
    from bifente.documents import read_bytes
    from bifente.fse.sheet import canonical
    from bifente.fse.sheet.signature import SignedContent, complete
    from bifente.fse.sheet.verification import MAX_SIZE, verify
    from bifente.terminal import CpsSession

    authority = trusted_authority(desk.authority)
    found = read_sheet(prepared)
    if found.form != PREPARED:
        raise WorkbenchError(
            f"{prepared}: a sheet that is {found.form}, not one that a secretariat has prepared"
        )
    content = SignedContent.parse(read_bytes(prepared, MAX_SIZE))
    sheet = canonical.decode(content.sheet)
    with cards_at_hand(desk.cps, None, desk.readers, with_vitale=False, around=desk.around) as links:
        cps = CpsSession(links[CPS])
        cps.verify_pin(pin())
        signed = complete(content, sheet, cps, intermediates=chain(authority))
    return MadeSheet(sheet, signed, verify(signed, authority.trust_store))


class _Asked:
    """What is asked of a sheet, with what the cards say to it: acts with prices, circumstances, problems."""

    def __init__(
        self,
        written: "WrittenSheet",
        day: date,
        professional: "Sequence[Group]",
        rights: "Sequence[Group]",
        *,
        accept: bool,
        tables: "Tables | None",
    ) -> None:
        from bifente.fse.errors import RightsRefused
        from bifente.fse.sheet.rights import ProblemKind, rights_at

        found, problems = rights_at(rights, written.beneficiary, day)
        if problems and not accept:
            raise RightsRefused(problems)  # before the tariff has anything to say
        self.accepted = frozenset(ProblemKind) if accept else frozenset()
        self.problems = tuple(f"accepted: {one.message}" for one in problems) if accept else ()
        third_party = third_party_of(written, rights, day)
        self.circumstances = circumstances_of(written, third_party)
        self.priced = _priced(
            written, day, situation_of(professional, written), found, third_party, tables=tables
        )


def _priced(
    written: "WrittenSheet",
    day: date,
    situation: "BillingSituation",
    rights: "Rights",
    third_party: "ThirdParty",
    *,
    tables: "Tables | None",
) -> PricedActs:
    """The acts priced by *tables*, or without any at their fees."""
    if not written.acts:
        raise WorkbenchError("a sheet bills at least one act", "usage")
    if tables is None:
        return unpriced_acts(written, day)
    return price_acts(written, day, situation, rights, third_party, tables)


def circumstances_of(written: "WrittenSheet", third_party: "ThirdParty") -> "Circumstances":
    """What is said of the acts' circumstances. Raises InvalidSheet."""
    from bifente.fse.sheet.acts import Accident, Prescriber

    prescriber, accident = written.prescriber, written.accident
    return {
        "nature": nature_of(written),
        "exoneration": written.exoneration,
        "pathway": written.pathway,
        "prescriber": None
        if prescriber is None
        else Prescriber(prescriber.number, prescriber.speciality, prescriber.rpps, prescriber.name),
        "prescribed": None if prescriber is None else prescriber.date,
        "accident": None if accident is None else Accident(accident.date, accident.number),
        "maternity": written.maternity,
        "third_party": third_party,
    }


def third_party_of(written: "WrittenSheet", rights: "Sequence[Group]", day: date) -> "ThirdParty":
    """Who pays in the patient's place; the complementary of the card is looked up in *rights*. Raises WorkbenchError."""
    from dataclasses import replace

    from bifente.fse.sheet.acts import Complementary, ThirdParty
    from bifente.fse.sheet.complementary import complementary_of

    asked = written.third_party
    complementary: Complementary | None = None
    if asked.complementary == "vitale":
        found = complementary_of(rights, written.beneficiary, day)
        if found is None:
            raise WorkbenchError(
                f"the Vitale names no complementary insurer for {day}",
                hint="say the number on the attestation",
            )
        complementary = replace(found, contract=asked.contract)
    elif asked.complementary is not None:
        complementary = Complementary(**asked.complementary.model_dump())
    return ThirdParty(asked.amo, complementary)


def situation_of(groups: "Sequence[Group]", written: "WrittenSheet") -> "BillingSituation":
    """The situation de facturation that is chosen, by default the first. Raises UnknownSituation."""
    from bifente.fse.errors import UnknownSituation
    from bifente.fse.sheet.model import BillingSituation, situation_number

    situations = [group for group in groups if group.id == 2]
    for group in situations:
        if written.situation is None or situation_number(group) == written.situation:
            return BillingSituation.of(group)
    raise UnknownSituation(written.situation or 1, [situation_number(group) for group in situations])


def rights_of(insured: "WrittenInsured") -> "Rights":
    """The rights that were typed in. Raises WorkbenchError for a NIR with a wrong key, InvalidSheet."""
    from bifente.codes.dates import Period
    from bifente.codes.errors import CodeError
    from bifente.codes.nir import Nir
    from bifente.fse.sheet.rights import Beneficiary, Coverage, Insured, Rights, compact

    try:
        right = Nir(insured.nir, insured.key).compute_key()
    except CodeError as error:
        raise WorkbenchError(f"the insured: {error}") from None
    if right is not None and insured.key != right:
        raise WorkbenchError(
            f"the key {insured.key} does not fit the NIR that was typed in", hint="look for a slip"
        )
    amo = None
    if insured.rights is not None:
        begin, end = insured.rights.begin, insured.rights.end
        amo = Period.parse(compact(begin) if begin else "", compact(end) if end else "")
    return Rights(
        Insured(
            "",
            "",
            "",
            insured.nir,
            insured.key,
            insured.regime,
            insured.caisse,
            insured.centre,
            insured.management,
        ),
        Beneficiary(
            1,
            insured.name,
            insured.birth_name,
            insured.given_name,
            "",
            "",
            compact(insured.birth_date),
            insured.birth_rank,
            insured.quality,
            "",
        ),
        amo,
        Coverage(amo, insured.ald, insured.situation) if amo is not None and insured.situation else None,
    )


def chain(authority: "Authority") -> list[bytes]:
    """DER of the certificates that lead from a card's to a root."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return [one.public_bytes(Encoding.DER) for one in authority.trust_store.intermediates]
