"""A care sheet on paper: the feuille de soins of the degraded mode, and a receipt for the patient.

The drawing is our own, not that of the cerfa form, and says on each page that it is a specimen: nobody can send it in.
"""

import io
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.sheet.acts import Act
    from bifente.fse.sheet.model import CareSheet

_MODES: Final = {
    "S": "sécurisé (Vitale et CPS)",
    "F": "SESAM sans Vitale (CPS seule)",
    "D": "dégradé (papier)",
}
_NATURES: Final = {
    "10": "maladie",
    "13": "maladie, régime local",
    "30": "maternité",
    "41": "accident du travail ou maladie professionnelle",
    "90": "prévention",
}
_QUALITIES: Final = {"0": "assuré(e)", "2": "conjoint(e)", "4": "concubin(e)", "6": "enfant"}
_INK, _PALE, _RULE = "#1b3a4b", "#eef4f2", "#8fb3a8"
_PADDING: Final = 6
"""Points that reportlab's frame keeps free on each side."""


def paper_of(sheet: "CareSheet") -> bytes:
    """The PDF: feuille de soins, then the receipt. Raises WorkbenchError without reportlab."""
    try:
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.units import mm
        from reportlab.platypus import PageBreak, SimpleDocTemplate
    except ImportError:
        raise WorkbenchError(
            "printing needs reportlab, which is not installed",
            "unavailable",
            hint="install bifente with its extra: pip install '.[figures]'",
        ) from None
    content = io.BytesIO()
    document = SimpleDocTemplate(
        content,
        pagesize=A4,
        leftMargin=16 * mm - _PADDING,
        rightMargin=16 * mm - _PADDING,
        topMargin=26 * mm,
        bottomMargin=20 * mm,
        title=f"Feuille de soins n° {sheet.number} - SPECIMEN",
        author="bifente (synthetic)",
        invariant=1,
    )
    story = [*_care_page(sheet), PageBreak(), *_receipt(sheet)]
    document.build(story, onFirstPage=_frame, onLaterPages=_frame)
    return content.getvalue()


def _frame(canvas: Any, document: Any) -> None:
    """What stands on each page: the band, the watermark, the foot."""
    from reportlab.lib.colors import Color, HexColor
    from reportlab.lib.units import mm

    width, height = document.pagesize
    canvas.saveState()
    canvas.setFillColor(Color(0.75, 0.2, 0.2, alpha=0.10))
    canvas.setFont("Helvetica-Bold", 74)
    canvas.translate(width / 2, height / 2)
    canvas.rotate(52)
    canvas.drawCentredString(0, -20, "SPÉCIMEN – TEST")
    canvas.restoreState()
    canvas.saveState()
    canvas.setFillColor(HexColor(_INK))
    canvas.rect(0, height - 15 * mm, width, 15 * mm, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#ffffff"))
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawString(16 * mm, height - 9.5 * mm, "SPÉCIMEN – TEST – données synthétiques")
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(
        width - 16 * mm, height - 9.5 * mm, "bifente · ne peut être ni envoyé ni remboursé"
    )
    canvas.setFillColor(HexColor("#555555"))
    canvas.drawString(
        16 * mm, 10 * mm, "Mise en page propre à bifente (synthetic) : ce n'est pas le formulaire cerfa."
    )
    canvas.drawRightString(width - 16 * mm, 10 * mm, f"page {document.page}")
    canvas.restoreState()


def _care_page(sheet: "CareSheet") -> list[Any]:
    holder, situation, rights = sheet.professional, sheet.situation, sheet.rights
    insured, person = rights.insured, rights.beneficiary
    story = [
        _title(
            "Feuille de soins",
            f"n° {sheet.number} · soins du {_day(sheet.care_date)} · mode {_MODES[sheet.mode.value]}",
        )
    ]
    story.append(
        _side_by_side(
            _box(
                "Personne recevant les soins",
                [
                    ("Nom", person.usual_name or person.birth_name),
                    ("Prénom", person.given_name),
                    ("Date de naissance", f"{_compact(person.birth_date)} · rang {person.birth_rank or '1'}"),
                    ("Qualité", _QUALITIES.get(person.quality, person.quality)),
                ],
            ),
            _box(
                "Assuré(e)",
                [
                    ("N° d'immatriculation", f"{insured.nir} {insured.nir_key}"),
                    ("Régime", insured.regime),
                    ("Caisse · centre", f"{insured.caisse} · {insured.centre}"),
                    ("Code gestion", insured.management_code or "–"),
                ],
            ),
        )
    )
    story.append(
        _box(
            "Professionnel de santé",
            [
                ("Identité", f"{holder.given_name} {holder.family_name}"),
                ("Identifiant national", f"{holder.national_id}{holder.id_key}"),
                ("N° de facturation", f"{situation.billing_id}{situation.billing_id_key}" or "–"),
                (
                    "Spécialité · convention · zone",
                    " · ".join(
                        one or "–"
                        for one in (situation.speciality, situation.convention, situation.tariff_zone)
                    ),
                ),
                ("Structure", situation.structure_name or "–"),
            ],
        )
    )
    story.append(_box("Conditions de prise en charge", _conditions(sheet)))
    story.append(_heading("Actes effectués"))
    story.append(_acts(sheet.acts, priced=True))
    story.append(
        _side_by_side(_signature("Signature de l'assuré(e)"), _signature("Signature du professionnel"))
    )
    return story


def _conditions(sheet: "CareSheet") -> list[tuple[str, str]]:
    lines = [
        ("Nature d'assurance", f"{sheet.nature} – {_NATURES[sheet.nature]}"),
        ("Exonération", sheet.exoneration if sheet.exoneration != "0" else "aucune"),
        ("Parcours de soins", sheet.pathway or "non concerné"),
    ]
    if sheet.prescriber is not None:
        when = f", le {_day(sheet.prescribed)}" if sheet.prescribed is not None else ""
        lines.append(
            ("Prescripteur", f"{sheet.prescriber.billing_id} {sheet.prescriber.name}".strip() + when)
        )
    if sheet.accident is not None:
        lines.append(("Accident", f"{_day(sheet.accident.day)} {sheet.accident.number}".strip()))
    if sheet.maternity is not None:
        lines.append(("Date de maternité", _day(sheet.maternity)))
    third = sheet.third_party
    payers = ["part obligatoire"] if third.amo else []
    if third.complementary is not None:
        payers.append(f"part complémentaire (organisme {third.complementary.number})")
    lines.append(("Tiers payant", ", ".join(payers) or "non"))
    return lines


def _receipt(sheet: "CareSheet") -> list[Any]:
    holder, person = sheet.professional, sheet.rights.beneficiary
    paid = sheet.total - _third_party(sheet)
    return [
        _title(
            "Reçu pour le patient", f"feuille de soins n° {sheet.number} · soins du {_day(sheet.care_date)}"
        ),
        _box(
            "Reçu de",
            [
                ("Patient", f"{person.given_name} {person.usual_name or person.birth_name}"),
                ("Professionnel", f"{holder.given_name} {holder.family_name}"),
                ("Structure", sheet.situation.structure_name or "–"),
            ],
        ),
        _heading("Honoraires"),
        _acts(sheet.acts, priced=False),
        _box(
            "Règlement",
            [
                ("Total des honoraires", _euros(sheet.total)),
                ("Payé par tiers payant", _euros(sheet.total - paid)),
                ("Réglé par le patient", _euros(paid)),
            ],
        ),
        _signature("Cachet et signature du professionnel"),
    ]


def _third_party(sheet: "CareSheet") -> int:
    """What the insurers pay to the professional in the patient's place, in cents."""
    third, prices = sheet.third_party, [act.price for act in sheet.acts if act.price is not None]
    amo = sum(price.amo for price in prices) if third.amo else 0
    return amo + (sum(price.amc for price in prices) if third.complementary is not None else 0)


def _acts(acts: "Sequence[Act]", *, priced: bool) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.units import mm
    from reportlab.platypus import Table, TableStyle

    head = ["Date", "Code", "Coef. / CCAM", "Qté", "Honoraires"]
    if priced:
        head += ["Base", "Taux", "AMO", "AMC"]
    rows = [head] + [_row(act, priced=priced) for act in acts]
    total = ["", "", "", "Total", _euros(sum(act.amount for act in acts))]
    if priced:
        prices = [act.price for act in acts if act.price is not None]
        sums = (sum(one.amo for one in prices), sum(one.amc for one in prices))
        total += ["", "", *(_euros(one) if prices else "" for one in sums)]
    rows.append(total)
    widths = (20, 17, 37, 9, 22, 20, 15, 20, 18) if priced else (30, 30, 58, 20, 40)
    table = Table(rows, colWidths=[width * mm for width in widths], repeatRows=1, hAlign="LEFT", spaceAfter=6)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Helvetica", 8),
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8),
                ("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 8.5),
                ("BACKGROUND", (0, 0), (-1, 0), HexColor(_PALE)),
                ("TEXTCOLOR", (0, 0), (-1, -1), HexColor("#111111")),
                ("ALIGN", (3, 0), (-1, -1), "RIGHT"),
                ("LINEBELOW", (0, 0), (-1, -2), 0.4, HexColor(_RULE)),
                ("LINEABOVE", (0, -1), (-1, -1), 1, HexColor(_INK)),
                ("BOX", (0, 0), (-1, -1), 0.8, HexColor(_INK)),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return table


def _row(act: "Act", *, priced: bool) -> list[Any]:
    from reportlab.platypus import Paragraph

    ccam = act.ccam
    if ccam is None:
        parts = [f"{act.coefficient.normalize():f}".replace(".", ",")]
    else:
        parts = [
            f"act. {ccam.activity}",
            "".join(ccam.modifiers),
            ccam.association and f"asso. {ccam.association}",
            f"dents {' '.join(ccam.teeth)}" if ccam.teeth else "",
        ]
    parts += [
        act.complement,
        act.qualifier and f"dépense {act.qualifier}",
        "domicile" if act.place == "1" else "",
    ]
    what = Paragraph(_safe(" ".join(part for part in parts if part)), _style(9, 0, size=8))
    cells = [_day(act.date), act.code, what, str(act.quantity), _euros(act.amount)]
    price = act.price
    if priced:
        cells += (
            ["–"] * 4
            if price is None
            else [_euros(price.base), f"{price.rate} %", _euros(price.amo), _euros(price.amc)]
        )
    return cells


def _title(text: str, below: str) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(
        f'<font size="18"><b>{_safe(text)}</b></font><br/><font size="9">{_safe(below)}</font>', _style(20, 8)
    )


def _heading(text: str) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(f"<b>{_safe(text)}</b>", _style(12, 3, before=6))


def _style(leading: float, after: float, *, before: float = 0, size: float = 9) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        "text",
        fontName="Helvetica",
        fontSize=size,
        leading=leading,
        spaceAfter=after,
        spaceBefore=before,
        textColor=HexColor(_INK),
    )


def _box(title: str, lines: Sequence[tuple[str, str]], *, width: float = 178) -> Any:
    """A framed part of the form: a title, and a label with its value on each line."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, Table, TableStyle

    label, value = _style(10, 0), _style(10, 0)
    rows = [[Paragraph(f"<b>{_safe(title)}</b>", _style(11, 0)), ""]]
    rows += [
        [
            Paragraph(f'<font size="7.5" color="#4a6a61">{_safe(name)}</font>', label),
            Paragraph(_safe(text), value),
        ]
        for name, text in lines
    ]
    table = Table(rows, colWidths=[0.34 * width * mm, 0.66 * width * mm], hAlign="LEFT", spaceAfter=5)
    table.setStyle(
        TableStyle(
            [
                ("SPAN", (0, 0), (1, 0)),
                ("BACKGROUND", (0, 0), (-1, 0), HexColor(_PALE)),
                ("BOX", (0, 0), (-1, -1), 0.8, HexColor(_INK)),
                ("LINEBELOW", (0, 0), (-1, -2), 0.3, HexColor(_RULE)),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ]
        )
    )
    return table


def _signature(title: str) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.units import mm
    from reportlab.platypus import Paragraph, Table, TableStyle

    table = Table(
        [[Paragraph(f'<font size="8">{_safe(title)}</font>', _style(10, 0))], [""]],
        colWidths=[87 * mm],
        rowHeights=[6 * mm, 20 * mm],
        spaceBefore=6,
        hAlign="LEFT",
    )
    table.setStyle(
        TableStyle(
            [("BOX", (0, 0), (-1, -1), 0.8, HexColor(_INK)), ("BACKGROUND", (0, 0), (-1, 0), HexColor(_PALE))]
        )
    )
    return table


def _side_by_side(first: Any, second: Any) -> Any:
    from reportlab.lib.units import mm
    from reportlab.platypus import Table, TableStyle

    for one in (first, second):
        one._argW = [width * 87 * mm / sum(one._argW) for width in one._argW]  # both halves of the page
    table = Table([[first, second]], colWidths=[91 * mm, 87 * mm], hAlign="LEFT", spaceAfter=5)
    table.setStyle(
        TableStyle(
            [
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    return table


def _safe(text: str) -> str:
    """A text of strangers (cards, files) for reportlab, which reads mark-up; what Helvetica has no letter for is a question mark."""
    from xml.sax.saxutils import escape

    return escape(text.encode("cp1252", "replace").decode("cp1252"))


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _compact(text: str) -> str:
    """``01/03/1980`` of AAAAMMJJ, which may not be in the calendar."""
    return f"{text[6:8]}/{text[4:6]}/{text[:4]}" if len(text) == 8 else text


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02} €"
