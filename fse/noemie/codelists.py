"""The code lists of NOEMIE: value → meaning, in French as the sources have it.

Sources: the XML description of NOEMIE PS in sesamviewer 0.5.1 (``spec/fse.md`` §2.2, facts only), and the two-letter codes of
the Health Data Hub's nomenclatures (§1.5) for natures of insurance and qualifiers of expense.
"""

from collections.abc import Mapping
from typing import Final

Codes = Mapping[str, str]
"""Value, without the blanks that fill its field → meaning."""

CORRESPONDENTS: Final[Codes] = {
    "AN": "Assemblée nationale",
    "BF": "Banque de France",
    "CC": "Caisse des cultes",
    "CE": "CRPCEN (clercs et employés de notaires)",
    "CF": "SNCF",
    "CI": "Chambre de commerce et d'industrie de Paris",
    "CM": "CNMSS (sécurité sociale militaire)",
    "CP": "CPAM",
    "CR": "CRAM",
    "CS": "Centre de service complémentaire (AMC)",
    "CT": "Centre de traitement informatique (régime général)",
    "EN": "ENIM (invalides de la marine)",
    "MA": "MSA",
    "OC": "Organisme complémentaire (AMC)",
    "OT": "Organisme concentrateur technique (OCT)",
    "PB": "Port autonome de Bordeaux",
    "RM": "Sécurité sociale minière",
    "RP": "RATP",
    "SE": "Caisses autonomes de sécurité sociale du Sénat",
    "SI": "Autres émetteurs (sociétés civiles professionnelles…)",
    "SM": "Section des mutuelles nationales",
    "SR": "Centre informatique régional (AMPI)",
    "TE": "Établissements",
    "TP": "Autres partenaires de santé",
}
YES_NO: Final[Codes] = {"O": "oui", "N": "non"}
CURRENCIES: Final[Codes] = {"U": "euro"}
FLOWS: Final[Codes] = {"": "réel", "R": "réel", "T": "test", "D": "démonstration"}
SIGNS: Final[Codes] = {"P": "positif", "N": "négatif"}
RETURN_TYPES: Final[Codes] = {
    "01": "retours sur prestations transmises en flux électroniques",
    "02": "retours sur prestations en facturation papier",
    "03": "paiements ponctuels ou forfaitaires",
    "04": "rappels sur prestations",
    "05": "retenues",
}
INVOICE_TYPES: Final[Codes] = {
    "A": "flux AMC",
    "B": "flux B2 ou SESAM dégradé",
    "C": "facture papier AMC",
    "D": "DRE",
    "E": "rappel sur prestations",
    "F": "FSE",
    "L": "réservé aux échanges entre centres de traitement, liquidé",
    "P": "facture papier AMO ou AMO et AMC",
    "R": "réservé aux échanges entre centres de traitement, rejeté",
}
COMPLEMENTARY_TREATMENTS: Final[Codes] = {
    "": "pas de traitement de la part AMC",
    "A": "éclatement par un OCT",
    "C": "paiement coordonné (CMU, référent, Noémie 3…)",
    "E": "éclatement sur le poste",
    "F": "éclatement par un OCT",
    "N": "image décompte envoyée en Noémie 1 à la suite d'un tiers payant sur la part AMC",
    "V": "ordres de virement distincts pour la part AMO et la part AMC",
}
NAME_KINDS: Final[Codes] = {"M": "marital", "P": "patronymique", "U": "usage"}
INSURANCES: Final[Codes] = {
    "AM": "maternité",
    "AS": "maladie",
    "AT": "accident du travail et maladie professionnelle",
    "C6": "maladie, en cours de navigation depuis plus de six mois",
    "CN": "maladie, en cours de navigation depuis moins de six mois",
    "DC": "décès",
    "IN": "invalidité",
    "MA": "maternité",
    "PM": "prévention maladie",
    "PS": "prestations supplémentaires",
    "SG": "soins aux invalides de guerre (CNMSS)",
}
"""AS, AT and AM are those of sesamviewer, the others of the nomenclatures, which write maternity MA."""

PART_STATES: Final[Codes] = {
    "": "pas de traitement de cette part",
    "D": "différé",
    "P": "payé",
    "R": "rejeté",
}
ACT_COMPLEMENTS: Final[Codes] = {
    "E": "examen, expertise",
    "F": "majoration de jour férié",
    "N": "majoration de nuit",
    "P": "présent",
    "S": "sortie",
    "T": "transfert",
}
EXPENSE_QUALIFIERS: Final[Codes] = {
    "AE": "dépassement autorisé et entente directe",
    "AT": "tiers payant AT",
    "DA": "dépassement autorisé",
    "DD": "dépassement non prescrit",
    "DE": "dépassement pour exigence",
    "DF": "dépassement Fortune",
    "DM": "dépassement maîtrisé",
    "DN": "dépassement non justifié",
    "DP": "dépassement permanent",
    "ED": "entente directe",
    "GR": "gratuit",
    "LG": "soins aux invalides de guerre (CNMSS)",
    "ME": "dépassement maîtrisé et exigence",
    "NJ": "non justifié",
    "NR": "non remboursable",
    "PI": "pour information (soins externes)",
    "S": "honoraires globalisés, suite",
    "TM": "ticket modérateur seul",
}
DEBTS: Final[Codes] = {
    "ACC": "acompte sur prestations",
    "AFF": "affranchissement",
    "API": "acompte, caisse centralisatrice des paiements",
    "APR": "avance sur prestations",
    "IEC": "indu à la suite d'une erreur comptable",
    "IND": "indu sur prestations",
    "IPH": "indu sur avance pharmacie",
    "IPI": "créance non gérée par la caisse gestionnaire",
    "ISP": "impayé, mandat ou virement soldé",
    "ODL": "opposition interne, paiement en double",
    "OID": "opposition interne diverse",
    "REL": "reliquat",
    "VMI": "virement ou mandat impayé",
}
RECOVERIES: Final[Codes] = {
    "ANT": "annulation totale",
    "CIN": "constat initial",
    "LOP": "mainlevée d'opposition partielle",
    "LOT": "mainlevée d'opposition totale",
    "NVP": "admission en non-valeur partielle",
    "NVT": "admission en non-valeur totale",
    "PAI": "paiement",
    "PPR": "passage en profit",
    "RAS": "remboursement à l'assuré",
    "RDP": "remise de dette partielle",
    "RDS": "remise de dette inférieure au seuil",
    "RDT": "remise de dette totale",
    "REL": "rectification d'un élément signalétique",
    "RMO": "rectification d'un montant",
    "RPR": "retenue sur prestation",
}
PERIODS: Final[Codes] = {
    "A": "annuel",
    "H": "hebdomadaire",
    "M": "mensuel",
    "P": "ponctuel",
    "S": "semestriel",
    "T": "trimestriel",
}
REJECT_LEVELS: Final[Codes] = {"F": "facture", "L": "ligne de prestation", "A": "code affiné"}
REJECT_PARTS: Final[Codes] = {
    "O": "part obligatoire, ou obligatoire et complémentaire",
    "C": "part complémentaire",
}

REFERENCES: Final[Codes] = {
    "576": "the usual one proposed to professionals",
    "580": "of operators who pay for complementary insurers",
    "908": "of establishments",
}
"""*Référence de l'échange* (000, 62–65): those that are public by their role (``spec/corrections.md`` 15, ``spec/fse.md`` §2.2).
Others exist."""
