"""Who pays which part of a base: rate, exoneration, parcours de soins, flat charge, complementary.

The order of the reasons is that of FIDES VF34 and VF35: AME, nature d'assurance, CANSSM, exonerated beneficiary, nature of
the act, what the professional ticked (ALD, soins particuliers), threshold, rente AT, SNCF, régime local, ASPA, base rate.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from bifente.fse.tariff.bases import FREE, NOT_REFUNDED, THRESHOLD_LETTERS, Based
from bifente.fse.tariff.daytables import OUTSIDE_PATHWAY_RULES, DayTables
from bifente.fse.tariff.explaining import Told
from bifente.fse.tariff.facts import Amounts, SheetFacts, Situation
from bifente.fse.tariff.money import euros, percent
from bifente.fse.tariff.rows import Origin

MATERNITY: Final = "30"
AT_MP: Final = "41"
PREVENTION: Final = "90"
NATURES_AT_100: Final = frozenset({MATERNITY, AT_MP, PREVENTION})

CANSSM: Final = "07"
SNCF: Final = "04"
NOT_REFUNDED_NATURES: Final = frozenset({"PHN", "PPL"})
"""Medicines that nobody refunds, whoever takes them."""
DENTAL: Final = frozenset({"AD", "ID", "PD"})
"""Category of a dental act (field 12): one of them takes the flat charge off the invoice."""
WITHOUT_FLAT: Final = frozenset({"ADI", "ADA"})
"""Groupings that bear no flat charge: imaging, anaesthesia."""
ANAESTHESIA: Final = "4"

BY_CODE, BY_THRESHOLD_CCAM, BY_THRESHOLD_NGAP, ALD, PARTICULAR = "C", "C", "1", "4", "3"
EXONERATED_PERSON, CANSSM_CODE, PREVENTION_CODE, ASPA_CODE, NONE = "5", "6", "7", "9", "0"

Reason = tuple[int, str, str, str, Origin | None]
"""Rate, exoneration of the line, why, in words, and its row."""


def over_threshold(lines: Sequence[Based], day: DayTables) -> tuple[str, ...]:
    """For each line of one day what it is exonerated by, C or 1, else empty (RG_VF663).

    An act of field 25 = 2 counts alone, those of field 25 = 1 also together; coefficients of K letters add up.
    """
    if day.threshold is None or day.threshold_coefficient is None:
        return ("",) * len(lines)
    threshold = day.threshold
    invasive = sum(one.measure for one in lines if one.technical and one.exempting == "1")
    coefficients = sum(
        (one.line.coefficient * one.line.quantity for one in lines if _counts(one)), Decimal(0)
    )
    enough = coefficients >= day.threshold_coefficient
    return tuple(
        BY_THRESHOLD_NGAP
        if enough and _counts(one)
        else BY_THRESHOLD_CCAM
        if one.technical
        and (
            (one.exempting == "1" and invasive >= threshold)
            or (one.exempting == "2" and one.measure >= threshold)
        )
        else ""
        for one in lines
    )


def _counts(one: Based) -> bool:
    return not one.technical and one.line.code in THRESHOLD_LETTERS


def shared(
    lines: Sequence[Based], facts: SheetFacts, days: Sequence[DayTables], told: Told | None
) -> tuple[Amounts, ...]:
    """What each line brings, with *days* the tables of its day. Raises TariffError."""
    thresholds = _thresholds(lines, days)
    reasons = [
        _rate(one, facts, day, threshold, told, place)
        for place, (one, day, threshold) in enumerate(zip(lines, days, thresholds, strict=True))
    ]
    bearing = _flat_bearers(lines, facts, reasons, thresholds)
    return tuple(
        _amounts(one, facts, day, reason, place in bearing, told, place)
        for place, (one, day, reason) in enumerate(zip(lines, days, reasons, strict=True))
    )


def _thresholds(lines: Sequence[Based], days: Sequence[DayTables]) -> Sequence[str]:
    if not any(one.technical or one.line.code in THRESHOLD_LETTERS for one in lines):
        return ("",) * len(lines)
    found = [""] * len(lines)
    by_date: dict[date, list[int]] = {}
    for place, one in enumerate(lines):
        by_date.setdefault(one.line.date, []).append(place)
    for places in by_date.values():
        for place, what in zip(
            places, over_threshold([lines[place] for place in places], days[places[0]]), strict=True
        ):
            found[place] = what
    return found


def _rate(
    one: Based, facts: SheetFacts, day: DayTables, threshold: str, told: Told | None, place: int
) -> Reason:
    reason = _reason(one, facts, day, threshold)
    if told is not None:
        told.line = place
        told.add(
            "rate",
            None,
            f"{reason[0]} %: {reason[2]}" + (f" (exonération {reason[1]})" if reason[1] != NONE else ""),
            reason[4],
        )
    return reason


def _reason(one: Based, facts: SheetFacts, day: DayTables, threshold: str) -> Reason:
    line, situations = one.line, facts.situations
    if line.qualifier == FREE:
        return 0, NONE, "acte gratuit", FREE, None
    if line.qualifier == NOT_REFUNDED or line.code in NOT_REFUNDED_NATURES:
        return 0, NONE, "not refunded (qualificatif N)", NOT_REFUNDED, None
    if situations and Situation.AME in situations:
        return _of(day, "AME", NONE)
    ticked = line.exoneration or facts.exoneration
    if facts.nature in NATURES_AT_100:
        return _of(day, facts.nature, NONE)
    if facts.regime == CANSSM:
        return _of(day, "REGIME-07", ALD if ticked == ALD else CANSSM_CODE)
    if ticked == EXONERATED_PERSON or (situations and not situations.isdisjoint(_EXONERATED)):
        return _of(day, "EXONERATED", ALD if ticked == ALD else EXONERATED_PERSON)
    nature = None if one.technical else _by_nature(one, day)
    if nature is not None:
        return nature
    if one.technical and one.exempting == "3":
        return 100, BY_CODE, "the act is exonerated by its nature (field 25 = 3, RG_VF660)", "nature", None
    if ticked == PREVENTION_CODE:
        return 100, PREVENTION_CODE, "prévention maladie (RG_VF660)", "ticked", None
    if ticked == ALD:
        return _of(day, "ALD", ALD)
    if ticked == PARTICULAR:
        return _of(day, "PARTICULAR", PARTICULAR)
    if threshold:
        what = (
            "coefficients of 60 and more"
            if threshold == BY_THRESHOLD_NGAP
            else f"{euros(day.threshold or 0)} and more"
        )
        return 100, threshold, f"règle du seuil: {what} (RG_VF663)", "threshold", day.origin("threshold")
    if situations and Situation.RENTE_AT in situations:
        return _of(day, "RENTE-AT", EXONERATED_PERSON)
    sncf = _sncf(facts) if facts.regime == SNCF else None
    if sncf is not None:
        return sncf
    if situations and Situation.RLAM in situations:
        return _of(day, "RLAM", NONE)
    if situations and Situation.ASPA in situations:
        return _of(day, "ASPA", ASPA_CODE)
    return _base_rate(one, facts, day)


_EXONERATED: Final = frozenset({Situation.EXONERATED, Situation.DETAINEE})


def _of(day: DayTables, situation: str, exoneration: str) -> Reason:
    row = day.situations[situation]
    return int(row["rate"]), exoneration, row["label"], situation, row.origin


def _by_nature(one: Based, day: DayTables) -> Reason | None:
    given = one.line.given
    found = day.rate_by_nature(one.line.code)
    if found is None or (given is not None and given.rate is not None):
        return None
    return (
        found.rate,
        NONE,
        f"{one.line.code} is paid at {found.rate} % by its nature",
        "nature",
        found.origin,
    )


def _base_rate(one: Based, facts: SheetFacts, day: DayTables) -> Reason:
    given = one.line.given
    if given is not None and given.rate is not None:
        return given.rate, NONE, "rate as given", "given", None
    speciality = facts.speciality
    if speciality is None and one.line.code and not one.technical and day.has_letter(one.line.code):
        speciality = min(day.letter(one.line.code, None)[0].specialities, default=None)
    if speciality is None:
        speciality = 1
    found = day.rate(one.grouping or one.line.code, speciality)
    of = one.grouping or one.line.code if found.codes else f"speciality {speciality:02d}"
    return found.rate, NONE, f"base rate of {of}", "base", found.origin


def _sncf(facts: SheetFacts) -> Reason | None:
    """RG_VF664: what the *contrat particulier* gives; the base rate of the régime général otherwise."""
    if Situation.ASPA in facts.situations:
        return 100, ASPA_CODE, "SNCF with ASPA (RG_VF664)", "SNCF", None
    if facts.contract == "21":
        return 100, EXONERATED_PERSON, "SNCF CMAL, contract 21 (RG_VF664)", "SNCF", None
    if facts.contract in ("24", "25"):
        return 100, NONE, f"SNCF, contract {facts.contract} (RG_VF664)", "SNCF", None
    if facts.contract == "23":
        return 75, NONE, "SNCF non actifs, contract 23 (RG_VF664)", "SNCF", None
    return None


def _flat_bearers(
    lines: Sequence[Based], facts: SheetFacts, reasons: Sequence[Reason], thresholds: Sequence[str]
) -> frozenset[int]:
    """The lines on which the flat charge of 24 € stands: of each day the costliest that the threshold exonerates."""
    if not any(thresholds):
        return frozenset()
    if Situation.ASPA in facts.situations or Situation.DETAINEE in facts.situations:
        return frozenset()
    if any(one.category in DENTAL for one in lines) or facts.speciality in (19, 36):
        return frozenset()
    costliest: dict[date, int] = {}
    for place, one in enumerate(lines):
        if reasons[place][3] != "threshold" or one.grouping in WITHOUT_FLAT or _anaesthesia(one):
            continue
        before = costliest.get(one.line.date)
        if before is None or one.base > lines[before].base:
            costliest[one.line.date] = place
    return frozenset(costliest.values())


def _anaesthesia(one: Based) -> bool:
    return one.technical and one.line.activity == ANAESTHESIA


def _amounts(
    one: Based, facts: SheetFacts, day: DayTables, reason: Reason, bears: bool, told: Told | None, place: int
) -> Amounts:
    rate, exoneration, _, why, _ = reason
    line, base = one.line, one.base
    charged = base if line.charged is None else line.charged
    c2s = bool(facts.situations) and Situation.C2S in facts.situations
    if told is not None:
        told.line = place
    if why in (FREE, NOT_REFUNDED, "AME"):
        return _unpaid(one, charged, why, c2s, told)
    before = percent(base, rate)
    ticket = base - before
    if told is not None:
        told.add("amo", before, f"{rate} % of {euros(base)}, rounded half up (RG_VF670)")
    reduction = _out_of_pathway(one, facts, day, rate, exoneration, before, told)
    amo = before - reduction
    amc = ticket + reduction if c2s else ticket if facts.complementary else 0
    flat, participation = 0, ""
    if bears:
        flat, participation = _flat(facts, day, base, told)
        amo -= flat
        amc += flat if c2s else 0
    if told is not None:
        who = "C2S" if c2s else "complementary"
        told.add(
            "amc",
            amc,
            f"{who}: ticket modérateur {euros(ticket)}"
            + (f" + majoration {euros(reduction)}" if c2s and reduction else "")
            + (f" + flat charge {euros(flat)}" if c2s and flat else ""),
        )
    return Amounts(
        one.unit,
        base,
        rate,
        amo,
        amc,
        reduction,
        flat,
        exoneration,
        participation,
        line.qualifier,
        charged,
        one.grouping,
    )


def _unpaid(one: Based, charged: int, why: str, c2s: bool, told: Told | None) -> Amounts:
    """What the assurance maladie pays nothing of (RG_VF640 CP01 and SP06, RG_VF670 CP01, RG_VF692)."""
    if why == FREE:
        charged = 0
    amc = charged if (c2s and why == NOT_REFUNDED) or why == "AME" else 0
    if told is not None:
        told.add("base", 0, "the base of what is not refunded is 0 (RG_VF640 CP01, SP06)")
        told.add("amc", amc, "paid by the complementary: C2S, or AME" if amc else "nobody is asked")
    qualifier = NOT_REFUNDED if why == "AME" else why
    return Amounts(one.unit, 0, 0, 0, amc, 0, 0, NONE, "", qualifier, charged, one.grouping)


def _out_of_pathway(
    one: Based, facts: SheetFacts, day: DayTables, rate: int, exoneration: str, before: int, told: Told | None
) -> int:
    """The majoration of the ticket modérateur outside the parcours de soins (RG_VF671)."""
    if facts.pathway not in day.out_of_pathway or day.pathway_rate is None:
        return 0
    why_not = _no_majoration(facts, rate, exoneration)
    row = day.pathway[facts.pathway].origin
    if why_not:
        if told is not None:
            told.add("reduction", 0, f"none outside the parcours: {why_not}", row)
        return 0
    whole = percent(one.base, day.pathway_rate)
    c2s = Situation.C2S in facts.situations
    capped = day.cap is not None and (c2s or day.pathway_capped)
    reduction = min(whole, day.cap, before) if capped and day.cap is not None else min(whole, before)
    if told is not None:
        differ = not c2s and day.cap is not None and whole > day.cap
        other = (
            f"; public readings differ: {euros(before - min(whole, before))} or {euros(before - min(whole, day.cap or whole, before))} "
            "before participation, the switch pathway.reading chooses"
            if differ
            else ""
        )
        limit = f", at most {euros(day.cap or 0)}" if capped else ""
        told.add(
            "reduction",
            reduction,
            f"outside the parcours (IPS {facts.pathway}): {day.pathway_rate} % of the base{limit} (RG_VF671){other}",
            day.origin("pathway.reading" if differ else "pathway.cap") or row,
            doubtful=differ,
        )
    return reduction


def _no_majoration(facts: SheetFacts, rate: int, exoneration: str) -> str:
    """Why no majoration of the ticket modérateur applies, empty when it does."""
    if facts.nature in (AT_MP, MATERNITY):
        return "AT/MP or maternité"
    if exoneration == ALD or facts.regime == CANSSM or rate == 100:
        return "no ticket modérateur is left"
    if rate == 0:
        return "nothing is refunded"
    if facts.age is not None and facts.age < 16:
        return "under 16 years"
    if facts.speciality in OUTSIDE_PATHWAY_RULES:
        return f"speciality {facts.speciality} is not concerned"
    return ""


def _flat(facts: SheetFacts, day: DayTables, base: int, told: Told | None) -> tuple[int, str]:
    """The flat charge taken from this line, and the code participation (RG_VF680 to 683)."""
    if Situation.RLAM in facts.situations:
        if told is not None:
            told.add("flat", 0, "the régime local bears the flat charge (RG_VF681 CP01)", day.origin("flat"))
        return 0, "L"
    if day.flat is None:
        return 0, ""
    flat = min(day.flat, base)
    if told is not None:
        told.add(
            "flat",
            flat,
            "ticket modérateur forfaitaire on the costliest exonerated act of the day (RG_VF682)",
            day.origin("flat"),
        )
    return flat, "A"


def placed(lines: Sequence[str], facts: SheetFacts) -> tuple[tuple[str, ...], str]:
    """The exonerations of the lines and of the invoice as records 4 and 2 have them (FIDES TF p.346, annex 1).

    What all lines share stands on the invoice, and the lines then say 0; CANSSM and ASPA have their own code there.
    """
    if facts.regime == CANSSM:
        if lines and all(one == ALD for one in lines):
            return (NONE,) * len(lines), ALD
        return tuple(one if one == ALD else NONE for one in lines), CANSSM_CODE
    if Situation.ASPA in facts.situations:
        return tuple(
            one if one in (BY_THRESHOLD_NGAP, BY_THRESHOLD_CCAM, ALD, PARTICULAR) else NONE for one in lines
        ), ASPA_CODE
    if lines and len(set(lines)) == 1:
        return (NONE,) * len(lines), lines[0]
    return tuple(lines), NONE
