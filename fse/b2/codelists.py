"""The code lists that the norm prints beside its fields (``spec/fse.md`` §1.2 and §1.5), by the names declarations call them.

A code of spaces is written ``""``: nothing stands there, and that means something.
"""

from typing import Final

_EMETTEUR = {
    "TP": "partenaire de santé autre qu'établissement",
    "TE": "établissement ou soins",
    "SI": "autre émetteur (société civile professionnelle, de moyens …)",
    "OT": "organisme concentrateur technique (OCT)",
}
_TYPE_FACTURE = {"": "hors SESAM", "F": "SESAM ou SESAM dégradé"}
_OUI_NON = {"O": "oui", "N": "non"}
_EXONERATION = {
    "0": "aucune",
    "1": "acte exonérant (K ou seuil ≥ 60)",
    "2": "hospitalisation de plus de 30 jours ou accident (textes anciens)",
    "3": "soins particuliers exonérés",
    "4": "affection de longue durée (ALD)",
    "5": "bénéficiaire d'un régime exonérant (100 %)",
    "6": "régime SNCF ou Mines",
    "7": "prévention",
    "9": "ASPA (ex-FNS)",
    "C": "exonération CCAM (seuil ou nature)",
}
_TAUX_PHARMACIE = {
    "2": "pharmacie allopathique à 35 %",
    "4": "pharmacie allopathique à 65 %",
    "5": "pharmacie allopathique à 100 %",
}

CODE_LISTS: Final[dict[str, dict[str, str]]] = {
    "EMETTEUR": _EMETTEUR,
    "CERTIFICATION": {
        "": "B2 non sécurisée, non chiffrée",
        "S": "SESAM avec Vitale, sécurisée, chiffrée",
        "F": "SESAM sans Vitale, sécurisée, chiffrée",
        "D": "SESAM dégradé, chiffré avec CPS, sans Vitale",
    },
    "MONNAIE": {"": "franc", "E": "euro", "U": "unique (euro)"},
    "ECLATEMENT_PS": {
        "": "pas d'éclatement",
        "E": "éclatement du flux SESAM-Vitale par le PS, avec génération d'une DRE",
        "F": "éclatement du flux par le PS, hors SESAM-Vitale",
    },
    "TYPE_FACTURE": _TYPE_FACTURE,
    "PIECE": {
        "0": "aucune",
        "1": "bulletin de salaire",
        "2": "prise en charge",
        "3": "attestation de droits",
        "4": "carte Vitale",
        "5": "autre",
    },
    "NATURE_ASSURANCE": {
        "10": "maladie",
        "13": "maladie, régime local (Alsace-Moselle)",
        "30": "maternité",
        "41": "accident du travail",
        "90": "prévention maladie",
    },
    "EXONERATION": _EXONERATION,
    "EXONERATION_ACTE": {"": "non précisée à l'acte", **_EXONERATION},
    "REGLEMENT": {
        "00": "hors tiers payant : règlement à l'assuré",
        "05": "tiers payant sur la part obligatoire seule",
        "06": "tiers payant intégral (PS exerçant pour la SNCF ou les Mines)",
        "10": "régime général, soins AT en consultation externe",
        "15": "tiers payant intégral (part obligatoire et complémentaire)",
        "25": "tiers payant sur la part complémentaire seule",
    },
    "CONTRAT": {
        "": "sans objet",
        "00": "sans objet",
        "85": "sortant du dispositif CMU-C (organisme obligatoire)",
        "87": "sortant du dispositif CMU-C (organisme complémentaire)",
        "88": "aide à la mutualisation",
        "89": "CMU complémentaire (C2S) en cours",
        "99": "FSE vers un OCT, qui peut éclater le flux",
    },
    "FORCAGE_AMC": {"": "pas de forçage"},
    "MODULE_STS": {
        "": "sans objet",
        "R": "régime AMO",
        "U": "CMU",
        "M": "FMF / FNMF",
        "8": "CTIP",
        "4": "FFSA",
    },
    "QUALITE": {"A": "assuré", "C": "conjoint, concubin", "E": "enfant", "AA": "autre bénéficiaire"},
    "FORFAIT_JOURNALIER": {
        "": "sans objet",
        "A": "à la charge du malade",
        "R": "à la charge du régime obligatoire",
        "L": "à la charge du régime Alsace-Moselle",
    },
    "CONDITION": {"": "non précisée", "L": "libéral", "S": "salarié"},
    "ACCORD": {
        "0": "pas de réponse de la caisse dans le délai réglementaire",
        "4": "réponse favorable",
        "5": "notion d'urgence",
        "9": "acte non soumis à accord préalable",
    },
    "FIN_SEJOUR": {
        "": "sans objet",
        "T": "transfert",
        "R": "retour",
        "E": "échange de plateaux techniques",
        "P": "présent",
        "S": "sortie définitive",
        "D": "décès",
    },
    "TAUX_UCD": _TAUX_PHARMACIE,
    "TAUX_CIP": {
        **_TAUX_PHARMACIE,
        "0": "non précisé",
        "6": "code laboratoire grand prix à 35 %",
        "7": "code laboratoire petit prix à 35 %",
        "9": "libre",
    },
    "SUBSTITUTION": {
        "": "sans objet",
        "P": "médicament prescrit, non délivré : il a été substitué",
        "D": "médicament effectivement délivré",
        "M": "molécule, prescription en DCI",
        "U": "substitution pour urgence ou accord du médecin",
        "G": "substitution de générique à générique",
    },
    "ECLATEMENT_OCT": {"": "pas d'éclatement", "A": "éclatement du flux par un OCT"},
    "LIEU": {
        "0": "cabinet du partenaire de santé",
        "1": "domicile du malade (ou transport)",
    },
    "QUALIFICATIF": {
        "": "sans objet",
        "D": "entente directe (ED)",
        "E": "exigence particulière du malade (DE)",
        "F": "déplacement non prescrit (DD)",
        "G": "acte gratuit (GR)",
        "N": "non remboursable (NR)",
    },
    "PRESTATION_LPP": {
        "A": "achat",
        "E": "entretien",
        "L": "location",
        "P": "frais de port",
        "R": "réparation",
        "S": "service",
        "V": "livraison",
    },
    "ASSOCIATION": {
        "": "pas d'association",
        "1": "acte de tarif le plus élevé, geste complémentaire ou supplément : 100 %",
        "2": "acte associé : 50 %",
        "3": "acte associé : 75 %",
        "4": "acte spécifique : 100 %",
        "5": "actes à des moments discontinus de la même journée : 100 %",
    },
    "REMBOURSEMENT": {"": "sans objet", **_OUI_NON},
    "SUPPLEMENT_CHARGE": {"": "sans objet", "C": "supplément de charge en cabinet demandé"},
    "SERIE": {"0": "non", "1": "oui"},
    "HOSPITALISATION": {"0": "non", "1": "entrée ou sortie", "2": "transfert"},
    "LONGUE_DISTANCE": {"0": "pas de longue distance", "1": "longue distance"},
    "FORFAIT": {
        "0": "pas de forfait",
        "1": "département",
        "2": "agglomération",
        "3": "spécifique, région parisienne",
    },
    "SUPPLEMENT": {"0": "aéroport", "1": "enfant prématuré", "2": "appel d'urgence après régulation"},
    "MARQUAGE": {
        "": "factures réelles",
        "R": "factures réelles",
        "T": "factures tests",
        "D": "démonstration",
    },
}

OPEN_LISTS: Final = frozenset({"QUALIFICATIF"})
"""Lists that our sources print in part: a code that is not in them is not wrong.

The letters of *qualificatif de la dépense* are known for five of its values only (``spec/fse.md`` §1.5). The labels of
ASSOCIATION are those of today (§5.1); the norm of 2004 prints 1 to 4 with other words (``corrections.md`` 14).
"""
