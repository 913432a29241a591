"""Tables of the cards and of the insurance: what a carte Vitale and a CPS say about themselves and about rights."""

CARD_CATEGORY = {
    "00": "Carte de professionnel",
    "01": "Carte de patient ou d'assuré",
    "02": "Module de sécurité",
    "03": "Certificat logiciel",
    "80": "Carte de professionnel (test)",
    "81": "Carte de patient ou d'assuré (test)",
    "82": "Module de sécurité (test)",
    "83": "Certificat logiciel (test)",
}

CARD_TYPE = {
    "00": "CPS, carte de professionnel de santé",
    "01": "CPF, carte de professionnel de santé en formation",
    "02": "CDE/CPE, carte de directeur ou de personnel d'établissement",
    "03": "CDA/CPA, carte de directeur ou de personnel autorisé",
    "04": "CSA, carte de serveur applicatif",
}

STRUCTURE_ID_TYPE = {
    "0": "Identifiant de cabinet ADELI",
    "1": "FINESS",
    "2": "SIREN",
    "3": "SIRET",
    "4": "Identifiant de cabinet RPPS",
    "5": "FINESS de l'entité juridique",
}

PERSON_ID_TYPE = {
    "0": "ADELI",
    "1": "Identifiant de cabinet ADELI/registre",
    "2": "DRASS",
    "3": "FINESS/registre",
    "4": "SIREN/registre",
    "5": "SIRET/registre",
    "6": "Identifiant de cabinet RPPS/registre",
    "7": "FINESS/serveur applicatif",
    "8": "RPPS",
    "9": "Étudiant",
}

CONVENTION = {
    "0": "Non conventionné",
    "1": "Conventionné",
    "2": "Conventionné avec dépassement permanent",
    "3": "Conventionné avec honoraires libres",
    "9": "Établissement ou centre",
}

TARIFF_ZONE = {
    "10": "Zone A, Paris et région parisienne, avec IK (conventionné)",
    "11": "Zone A, Paris et région parisienne, sans IK (conventionné)",
    "20": "Zone B, autres départements et localités (conventionné)",
    "22": "Zone B, Lyon et Marseille (conventionné)",
    "23": "Zone B, agglomérations de plus de 300 000 habitants (conventionné)",
    "24": "Zone B, agglomérations de plus de 100 000 habitants (conventionné)",
    "25": "Zone B, agglomérations de plus de 50 000 habitants (conventionné)",
    "30": "Zone B, autres départements et localités (honoraires libres)",
    "31": "Zone A, Paris (honoraires libres)",
    "32": "Zone B, Lyon et Marseille (honoraires libres)",
    "33": "Zone B, agglomérations de plus de 300 000 habitants (honoraires libres)",
    "34": "Zone B, agglomérations de plus de 100 000 habitants (honoraires libres)",
    "35": "Zone B, agglomérations de plus de 50 000 habitants (honoraires libres)",
    "40": "Zone A, Paris et région parisienne (non conventionné)",
    "50": "Zone B, Lyon et Marseille (non conventionné)",
    "60": "Zone C, agglomérations de plus de 100 000 habitants (non conventionné)",
    "70": "Zone D, autres départements et localités (non conventionné)",
    "80": "Zone B, autres départements et localités (dépassement permanent)",
    "81": "Zone A, Paris (dépassement permanent)",
    "82": "Zone B, Lyon et Marseille (dépassement permanent)",
    "83": "Zone B, agglomérations de plus de 300 000 habitants (dépassement permanent)",
    "84": "Zone B, agglomérations de plus de 100 000 habitants (dépassement permanent)",
    "85": "Zone B, agglomérations de plus de 50 000 habitants (dépassement permanent)",
    "99": "Zone 99",
}

KILOMETRE_ZONE = {
    "0": "Pas d'indemnité kilométrique",
    "1": "Indemnités kilométriques plaine",
    "2": "Indemnités kilométriques montagne",
    "3": "Indemnités kilométriques spéciales",
    "9": "Non définie",
}

INSURANCE_SPECIALITY = {
    "01": "Médecine générale",
    "02": "Anesthésie-réanimation",
    "03": "Cardiologie",
    "04": "Chirurgie générale",
    "05": "Dermatologie et vénéréologie",
    "06": "Radiologie",
    "07": "Gynécologie obstétrique",
    "08": "Gastro-entérologie et hépatologie",
    "09": "Médecine interne",
    "10": "Neurochirurgie",
    "11": "Oto-rhino-laryngologie",
    "12": "Pédiatrie",
    "13": "Pneumologie",
    "14": "Rhumatologie",
    "15": "Ophtalmologie",
    "16": "Urologie",
    "17": "Neuropsychiatrie",
    "18": "Stomatologie",
    "19": "Chirurgie dentaire",
    "21": "Sage-femme",
    "24": "Infirmier",
    "26": "Masseur-kinésithérapeute",
    "27": "Pédicure-podologue",
    "28": "Orthophoniste",
    "29": "Orthoptiste",
    "30": "Laboratoire d'analyses médicales",
    "31": "Réadaptation",
    "32": "Neurologie",
    "33": "Psychiatrie",
    "34": "Gériatrie",
    "35": "Néphrologie",
    "36": "Orthopédie dento-faciale",
    "37": "Anatomie et cytologie pathologiques",
    "38": "Directeur de laboratoire médecin",
    "39": "Laboratoire polyvalent",
    "40": "Laboratoire d'anatomie et de cytologie pathologiques",
    "41": "Chirurgie orthopédique",
    "42": "Endocrinologie",
    "43": "Chirurgie infantile",
    "44": "Chirurgie maxillo-faciale",
    "45": "Chirurgie maxillo-faciale et stomatologie",
    "46": "Chirurgie plastique",
    "47": "Chirurgie thoracique",
    "48": "Chirurgie vasculaire",
    "49": "Chirurgie viscérale",
    "50": "Pharmacie d'officine",
    "51": "Pharmacie mutualiste",
    "99": "Non définie",
}

AGREEMENT = {
    "00": "Agrément 00",
    "01": "Agrément 01",
    "02": "Agrément 02",
    "03": "Agrément 03",
    "04": "Agrément 04",
    "05": "Agrément 05",
    "06": "Agrément 06",
    "99": "Agrément 99",
}

REGIME = {
    "01": "Régime général",
    "02": "Régime agricole",
    "03": "Indépendants (AMPI)",
    "04": "CPR SNCF",
    "05": "RATP",
    "06": "ENIM, invalides de la marine",
    "07": "Mines",
    "08": "CNMSS, militaires",
    "09": "Banque de France",
    "10": "CRPCEN, clercs et employés de notaires",
    "12": "Chambre de commerce et d'industrie de Paris",
    "14": "Assemblée nationale",
    "15": "Sénat",
    "16": "Port autonome de Bordeaux",
    "17": "Français de l'étranger",
    "90": "CAVIMAC, cultes",
    "91": "MGEN",
    "92": "MG (MGPTT)",
    "93": "MG Police",
    "94": "MFP",
    "95": "MNH",
    "96": "Mutuelle de la marine (MNAM)",
    "99": "Sections locales mutualistes",
}

QUALITY = {
    "0": "Assuré",
    "1": "Ascendant, descendant, collatéral d'ascendant",
    "2": "Conjoint",
    "3": "Conjoint divorcé",
    "4": "Concubin",
    "5": "Conjoint séparé",
    "6": "Enfant",
    "8": "Conjoint veuf",
    "9": "Autre ayant droit",
}

AMO_SERVICE = {
    "00": "Pas de service",
    "01": "CMU-C gérée par l'AMO",
    "02": "CMU-C gérée par une AMC sous convention avec l'AMO",
    "03": "CMU-C gérée par une AMC",
    "10": "Sortant de CMU-C",
}

MUTUELLE_INDICATOR = {
    "00": "Pas de tiers payant",
    "01": "Tiers payant selon accord",
    "02": "Tiers payant selon réglementation",
    "62": "CMU-C",
    "71": "Sortant de CMU-C",
}

AMC_INDICATOR = {
    "00": "Ni DRE ni rectification",
    "12": "DRE hors tiers payant, sans rectification",
    "13": "DRE hors tiers payant, avec rectification",
    "22": "DRE en tiers payant, sans rectification",
    "23": "DRE en tiers payant, avec rectification",
    "32": "DRE en tiers payant et hors tiers payant, sans rectification",
    "33": "DRE en tiers payant et hors tiers payant, avec rectification",
    "60": "CMU-C",
    "62": "CMU-C, sans rectification",
    "63": "CMU-C, avec rectification",
    "72": "Sortant de CMU-C, sans rectification",
    "73": "Sortant de CMU-C, avec rectification",
}

STS_ROUTING = {"4": "FFSA", "8": "CTIP", "M": "FNMF", "R": "A8"}

ALD = {
    "0": "Pas d'ALD",
    "1": "ALD, code 1",
    "2": "ALD, code 2",
    "3": "ALD, code 3",
    "4": "ALD, code 4",
}
"""What tells the codes 1 to 4 apart is not public."""

SITUATION = {
    "01": "Régime général et assimilés",
    "02": "MSA",
    "04": "SNCF",
    "07": "Mines",
    "09": "Banque de France",
    "10": "CRPCEN",
    "90": "CAVIMAC",
}
"""The two first digits of the code; what the two last say is not public."""

VITALE_TYPE = {"T": "Carte de test"}

BEARER_TYPE = {"A": "Assuré"}

TABLES = {
    "G01": CARD_CATEGORY,
    "G02": CARD_TYPE,
    "G07": STRUCTURE_ID_TYPE,
    "G08": PERSON_ID_TYPE,
    "G100": INSURANCE_SPECIALITY,
    "G101": CONVENTION,
    "G102": TARIFF_ZONE,
    "G103": KILOMETRE_ZONE,
    "G104": AGREEMENT,
    "REGIME": REGIME,
    "QUALITE": QUALITY,
    "SERVICE_AMO": AMO_SERVICE,
    "INDICATEUR_MUTUELLE": MUTUELLE_INDICATOR,
    "INDICATEUR_AMC": AMC_INDICATOR,
    "STS": STS_ROUTING,
    "ALD": ALD,
    "SITUATION": SITUATION,
    "TYPE_VITALE": VITALE_TYPE,
    "TYPE_PORTEUR": BEARER_TYPE,
}
