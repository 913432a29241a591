"""The entities of NOEMIE PS, one declaration each.

Positions, lengths, classes and code lists are those of the XML description in sesamviewer 0.5.1, whose own origin is ameli.fr
(``spec/fse.md`` §2.2); two-letter codes that it lacks are those of §1.5. No real file is public (``spec/corrections.md`` 17).
"""

from collections.abc import Mapping
from typing import Final

from bifente.fse.noemie.codelists import (
    ACT_COMPLEMENTS,
    COMPLEMENTARY_TREATMENTS,
    CORRESPONDENTS,
    CURRENCIES,
    DEBTS,
    EXPENSE_QUALIFIERS,
    FLOWS,
    INSURANCES,
    INVOICE_TYPES,
    NAME_KINDS,
    PART_STATES,
    PERIODS,
    RECOVERIES,
    REJECT_LEVELS,
    REJECT_PARTS,
    RETURN_TYPES,
    SIGNS,
    YES_NO,
    Codes,
)
from bifente.fse.noemie.layout import DELIMITER, EntityField, EntityLayout, FieldShape


def _field(
    first: int,
    length: int,
    name: str,
    label: str,
    *,
    shape: FieldShape,
    optional: bool = False,
    codes: Codes | None = None,
    fixed: str = "",
    blank: bool = False,
) -> EntityField:
    numeric = shape is not FieldShape.TEXT
    return EntityField(name, first, length, numeric, not optional, label, shape, codes or {}, fixed, blank)


def _text(
    first: int,
    length: int,
    name: str,
    label: str,
    *,
    optional: bool = False,
    codes: Codes | None = None,
    blank: bool = False,
) -> EntityField:
    return _field(
        first, length, name, label, shape=FieldShape.TEXT, optional=optional, codes=codes, blank=blank
    )


def _number(
    first: int, length: int, name: str, label: str, *, optional: bool = False, codes: Codes | None = None
) -> EntityField:
    return _field(first, length, name, label, shape=FieldShape.NUMBER, optional=optional, codes=codes)


def _amount(first: int, length: int, name: str, label: str, *, optional: bool = False) -> EntityField:
    return _field(first, length, name, label, shape=FieldShape.AMOUNT, optional=optional)


def _date(first: int, length: int, name: str, label: str, *, optional: bool = False) -> EntityField:
    return _field(first, length, name, label, shape=FieldShape.DATE, optional=optional)


def _birth(first: int, length: int, name: str, label: str, *, optional: bool = False) -> EntityField:
    return _field(first, length, name, label, shape=FieldShape.BIRTH, optional=optional)


def _type(number: str) -> EntityField:
    return _field(1, 3, "type", "Type d'enregistrement", shape=FieldShape.NUMBER, fixed=number)


def _whole(number: str, title: str, *fields: EntityField) -> EntityLayout:
    """The header or the trailer: 128 characters, without level and delimiter."""
    return EntityLayout(number, title, "", (_type(number), *fields))


def _entity(number: str, title: str, level: str, *fields: EntityField) -> EntityLayout:
    """An entity: its type and level before *fields*, its delimiter behind them."""
    return EntityLayout(
        number,
        title,
        level,
        (
            _type(number),
            _field(4, 2, "level", "Niveau de rupture", shape=FieldShape.NUMBER, fixed=level),
            *fields,
            _field(
                fields[-1].last + 1,
                1,
                "delimiter",
                "Délimiteur fin d'entité",
                shape=FieldShape.TEXT,
                fixed=DELIMITER,
            ),
        ),
    )


HEADER: Final = _whole(
    "000",
    "En-tête",
    _text(4, 2, "sender_type", "Type d'émetteur", codes=CORRESPONDENTS),
    _number(6, 14, "sender", "Numéro d'émetteur"),
    _text(20, 6, "sender_program", "Programme émetteur", optional=True),
    _text(26, 2, "recipient_type", "Type de destinataire", codes=CORRESPONDENTS),
    _text(28, 14, "recipient", "Numéro de destinataire"),
    _text(42, 6, "recipient_program", "Programme destinataire", optional=True),
    _text(48, 2, "application", "Application-type d'échange", optional=True),
    _text(50, 6, "file_id", "Identification du fichier"),
    _date(56, 6, "created", "Date de création du fichier"),
    _text(62, 4, "reference", "Norme utilisée - référence de l'échange"),
    _text(66, 2, "version", "Version utilisée", optional=True),
    _text(68, 1, "compression", "Compactage", optional=True),
    _text(69, 1, "encryption", "Cryptage", optional=True, codes=YES_NO),
    _text(70, 1, "currency", "Unité monétaire", codes=CURRENCIES),
    _text(71, 1, "flow", "Type de flux", optional=True, codes=FLOWS),
    _text(72, 11, "filler", "Blanc", optional=True),
    _number(83, 3, "record_length", "Longueur d'enregistrement"),
    _text(86, 6, "password", "Mot de passe", optional=True),
    _text(92, 37, "message", "Zone message", optional=True),
)

TRAILER: Final = _whole(
    "999",
    "Fin de fichier",
    _text(4, 2, "sender_type", "Type d'émetteur", codes=CORRESPONDENTS),
    _number(6, 14, "sender", "Numéro d'émetteur"),
    _text(20, 6, "sender_program", "Programme émetteur", optional=True),
    _text(26, 2, "recipient_type", "Type de destinataire", codes=CORRESPONDENTS),
    _text(28, 14, "recipient", "Numéro de destinataire"),
    _text(42, 6, "recipient_program", "Programme destinataire", optional=True),
    _text(48, 2, "application", "Application-type d'échange", optional=True),
    _text(50, 6, "file_id", "Identification du fichier"),
    _number(56, 8, "records", "Nombre d'enregistrements"),
    _text(64, 1, "flow", "Type de flux", optional=True, codes=FLOWS),
    _text(65, 18, "filler", "Blanc", optional=True),
    _number(83, 3, "lots", "Nombre de lots"),
    _amount(86, 11, "total", "Cumul des montants du fichier"),
    _text(97, 1, "sign", "Signe du montant du fichier", codes=SIGNS),
    _amount(98, 11, "other_total", "Cumul des montants du fichier dans l'autre monnaie", optional=True),
    _text(109, 20, "filler_end", "Blanc", optional=True),
)

_INNER: Final = (
    _entity(
        "020",
        "Mandataire",
        "01",
        _number(6, 15, "payee", "Numéro de destinataire de règlement"),
    ),
    _entity(
        "040",
        "Destinataire de règlement",
        "02",
        _number(6, 15, "payee", "Numéro de destinataire de règlement"),
    ),
    _entity(
        "070",
        "Date comptable",
        "02",
        _date(6, 6, "day", "Date de la journée comptable"),
    ),
    _entity(
        "071",
        "Date comptable et référence du virement",
        "02",
        _date(6, 6, "day", "Date de la journée comptable ou date d'émission du virement"),
        _text(12, 32, "transfer", "Libellé du virement - ligne 1"),
        _text(44, 32, "transfer_more", "Libellé du virement - ligne 2", optional=True),
        _text(76, 10, "payer", "Organisme payeur", optional=True),
    ),
    _entity(
        "080",
        "Lot",
        "",
        _date(6, 6, "made", "Date de constitution du lot"),
        _number(12, 3, "lot", "Numéro de lot"),
    ),
    _entity(
        "081",
        "Type de retour",
        "02",
        _number(6, 2, "return_type", "Code du type de retour", codes=RETURN_TYPES),
        _text(8, 14, "place", "Numéro du lieu d'exécution de l'acte", optional=True),
    ),
    _entity(
        "100",
        "Facture",
        "",
        _number(6, 9, "invoice", "Numéro de facture"),
    ),
    _entity(
        "102",
        "Facture",
        "",
        _text(6, 9, "invoice", "N° de facture"),
        _text(15, 6, "invoice_more", "Complément au n° de facture", optional=True),
        _text(21, 3, "lot", "N° de lot", optional=True),
        _date(24, 6, "made", "Date de création du lot", optional=True),
        _text(30, 1, "invoice_type", "Type de facture", codes=INVOICE_TYPES),
        _date(31, 6, "billed", "Date de facturation", optional=True),
        _text(
            37,
            1,
            "complementary",
            "Traitement effectué sur la part AMC",
            optional=True,
            codes=COMPLEMENTARY_TREATMENTS,
        ),
        _text(38, 2, "insurance", "Nature d'assurance", optional=True, codes=INSURANCES),
    ),
    _entity(
        "103",
        "Assuré et bénéficiaire",
        "",
        _text(6, 13, "nir", "N° immatriculation"),
        _number(19, 2, "nir_key", "Clé du numéro d'immatriculation"),
        _text(21, 25, "birth_name", "Nom patronymique", optional=True),
        _text(46, 25, "usual_name", "Nom d'usage", optional=True),
        _text(71, 15, "given_name", "Prénom", optional=True),
        _text(86, 13, "own_nir", "N° immatriculation individuel", optional=True),
        _number(99, 2, "own_nir_key", "Clé du numéro d'immatriculation individuel", optional=True),
        _birth(101, 6, "birth", "Date de naissance"),
        _number(107, 1, "rank", "Rang de naissance"),
        _text(108, 25, "patient_name", "Nom", optional=True),
        _text(133, 15, "patient_given_name", "Prénom", optional=True),
        _number(148, 4, "management_unit", "Unité de gestion de rattachement", optional=True),
    ),
    _entity(
        "110",
        "Assuré",
        "",
        _text(6, 13, "nir", "Numéro de sécurité sociale"),
        _number(19, 2, "nir_key", "Clé du numéro de sécurité sociale"),
        _text(21, 1, "name_kind", "Nature du nom", codes=NAME_KINDS),
        _text(22, 25, "name", "Nom du bénéficiaire"),
        _text(47, 26, "filler", "Blanc", blank=True),
        _text(73, 15, "given_name", "Prénom du bénéficiaire"),
    ),
    _entity(
        "120",
        "Malade",
        "",
        _birth(6, 6, "birth", "Date de naissance du bénéficiaire"),
        _text(12, 1, "rank", "Rang du bénéficiaire"),
        _text(13, 25, "name", "Nom du malade"),
        _text(38, 15, "given_name", "Prénom du malade"),
        _text(53, 4, "management_unit", "Unité de gestion de rattachement", blank=True),
    ),
    _entity(
        "150",
        "Nature d'assurance",
        "",
        _text(6, 2, "insurance", "Nature de l'assurance", codes=INSURANCES),
    ),
    _entity(
        "160",
        "Critère d'archivage",
        "",
        _number(6, 17, "archive", "Numéro d'archivage"),
    ),
    _entity(
        "198",
        "Part AMO",
        "",
        _amount(6, 8, "asked", "Montant AMO demandé"),
        _text(14, 1, "state", "État paiement part AMO", codes=PART_STATES),
        _amount(15, 8, "paid", "Montant AMO payé", optional=True),
        _text(23, 1, "sign", "Signe du montant AMO payé", codes=SIGNS),
    ),
    _entity(
        "199",
        "Part AMC",
        "",
        _amount(6, 8, "asked", "Montant AMC demandé"),
        _text(14, 1, "state", "État paiement part AMC", codes=PART_STATES),
        _amount(15, 8, "paid", "Montant AMC payé", optional=True),
        _text(23, 1, "sign", "Signe du montant AMC payé", codes=SIGNS),
        _number(24, 10, "complementary_insurer", "N° AMC destinataire"),
        _text(34, 15, "member", "N° identification AMC de l'adhérent", optional=True),
    ),
    _entity(
        "210",
        "Acte professionnel",
        "",
        _number(6, 2, "line", "N° de ligne"),
        _number(8, 2, "management", "Code gestion technique pour régime"),
        _text(10, 1, "exoneration", "Justification pour exonération"),
        _number(11, 2, "treatment", "Mode de traitement"),
        _number(13, 3, "discipline", "Discipline médico-tarifaire"),
        _date(16, 6, "prescribed", "Date de prescription d'un acte"),
        _date(22, 6, "first_day", "Date des soins ou date début"),
        _date(28, 6, "last_day", "Date de fin de soins"),
        _amount(34, 8, "unit_price", "Prix unitaire d'un acte"),
        _amount(42, 8, "base", "Base de remboursement d'un acte"),
        _number(50, 3, "rate", "Taux de remboursement"),
        _amount(53, 8, "reimbursed", "Montant remboursé"),
        _text(61, 1, "sign", "Signe de l'acte", codes=SIGNS),
        _text(62, 3, "act", "Nature de la prestation"),
        _text(
            65, 2, "complement", "Code complémentaire à la nature d'acte", codes=ACT_COMPLEMENTS, blank=True
        ),
        _number(67, 3, "quantity", "Quantité d'actes"),
        _number(70, 5, "coefficient", "Coefficient de l'acte"),
        _number(75, 3, "count", "Dénombrement des actes"),
        _amount(78, 8, "charged", "Montant de la dépense"),
        _text(86, 2, "qualifier", "Qualificatif de la dépense", codes=EXPENSE_QUALIFIERS, blank=True),
        _number(88, 3, "local_rate", "Taux complémentaire Alsace/Moselle"),
        _amount(91, 8, "local_amount", "Montant complémentaire Alsace/Moselle"),
        _number(99, 3, "complementary_rate", "Taux part complémentaire Mutuelle"),
        _amount(102, 8, "complementary_amount", "Montant part complémentaire"),
        _amount(110, 8, "complementary_base", "Base remboursement Mutuelle"),
    ),
    _entity(
        "250",
        "Mouvement financier - retenue",
        "",
        _number(6, 2, "line", "Numéro de ligne pour noemie"),
        _text(8, 10, "debt", "Référence de la dette"),
        _date(18, 6, "recorded", "Date d'enregistrement de la dette"),
        _text(24, 3, "debt_kind", "Nature de la dette", codes=DEBTS),
        _text(27, 3, "recovery", "Nature des opérations de récupération", codes=RECOVERIES),
        _amount(30, 8, "amount", "Montant du mouvement financier"),
        _text(38, 1, "sign", "Signe de l'acte", codes=SIGNS),
        _amount(39, 8, "balance", "Montant du solde d'une dette", optional=True),
    ),
    _entity(
        "261",
        "Paiements ponctuels ou forfaitaires",
        "",
        _number(6, 5, "payment", "Code paiement ponctuel ou forfaitaire"),
        _amount(11, 8, "amount", "Montant paiement ponctuel ou forfaitaire"),
    ),
    _entity(
        "262",
        "Détail paiement ponctuel ou forfaitaire",
        "",
        _text(6, 5, "code", "Codification", optional=True),
        _text(11, 80, "label", "Libellé associé", optional=True),
        _text(91, 13, "nir", "N° d'immatriculation", optional=True),
        _number(104, 2, "nir_key", "Clé du numéro d'immatriculation", optional=True),
        _birth(106, 6, "birth", "Date de naissance", optional=True),
        _number(112, 1, "rank", "Rang de naissance", optional=True),
        _text(113, 1, "period", "Période", codes=PERIODS),
        _date(114, 6, "first_day", "Date début période", optional=True),
        _date(120, 6, "last_day", "Date fin période", optional=True),
        _amount(126, 8, "amount", "Montant"),
    ),
    _entity(
        "290",
        "Rejet ou signalement",
        "",
        _number(6, 2, "line", "N° de ligne"),
        _text(8, 10, "code", "Codification"),
        _text(18, 80, "label", "Libellé"),
    ),
    _entity(
        "294",
        "Ligne rejet",
        "",
        _text(6, 4, "code", "Codification du rejet"),
        _text(10, 86, "label", "Libellé du rejet"),
        _text(96, 1, "reject_level", "Niveau de rejet", codes=REJECT_LEVELS),
        _text(97, 1, "part", "Part concernée", codes=REJECT_PARTS),
        _text(98, 5, "act", "Nature de prestation concernée", optional=True),
        _date(103, 6, "care_day", "Date des soins", optional=True),
        _number(109, 9, "executant", "N° exécutant", optional=True),
        _number(118, 3, "line", "N° de ligne", optional=True),
        _number(121, 2, "rank", "Rang du rejet", optional=True),
        _text(123, 30, "more", "Information complémentaire sur le rejet", optional=True),
    ),
    _entity(
        "295",
        "Ligne commentaire",
        "",
        _text(6, 1, "code", "Code commentaire", optional=True),
        _text(7, 128, "comment", "Commentaire"),
    ),
    _entity(
        "990",
        "Entité de contrôle",
        "99",
        _text(6, 17, "identification", "Identification du niveau de rupture", optional=True),
        _number(23, 8, "count", "Compteur du niveau inférieur dans la hiérarchie"),
        _amount(31, 11, "total", "Cumul des montants de niveau inférieur"),
        _text(42, 1, "sign", "Signe de l'acte", codes=SIGNS),
    ),
)

ENTITIES: Final[Mapping[str, EntityLayout]] = {one.number: one for one in (HEADER, *_INNER, TRAILER)}
"""Type → declaration, in the order of the types. An entity is added by its declaration in this module."""
