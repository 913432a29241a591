"""Tables about professionals: who they are, what they may do and where they work."""

CIVILITY = {
    "01": "Adjudant",
    "13": "Docteur",
    "22": "Madame",
    "23": "Mademoiselle",
    "24": "Maître",
    "26": "Médecin",
    "30": "Monseigneur",
    "31": "Monsieur",
    "36": "Professeur",
    "38": "Sergent",
    "41": "Veuve",
    "42": "Carte de serveur applicatif",
}

RESPONSIBILITY = {"00": "Sans objet", "01": "Responsable de structure", "02": "Assistant ou adjoint"}

PHARMACIST_SECTION = {
    "A": "Pharmacien titulaire d'officine",
    "B": "Fabricant, importateur",
    "C": "Distribution en gros",
    "Da": "Assistant",
    "Dh": "Établissement de santé",
    "Dm": "Mutualiste ou minière",
    "DS": "Produits sanguins",
    "E": "Départements d'outre-mer",
    "F": "Territoires d'outre-mer",
    "G": "Biologiste",
}

QUALIFICATION_NATURE = {
    "00": "Formation hospitalière et universitaire",
    "01": "Spécialiste",
    "02": "Compétent",
    "03": "Généraliste",
    "04": "Compétence exclusive",
    "05": "Concours hospitalo-universitaire",
    "06": "DES",
    "07": "DESC",
    "08": "Capacité",
    "09": "Formation spécifique",
}

ORDINAL_SPECIALITY = {
    "00": "Médecine générale (polyvalente en milieu hospitalier)",
    "03": "Anesthésie-réanimation",
    "07": "Cardiologie",
    "13": "Dermatologie",
    "33": "Ophtalmologie",
    "36": "Pédiatrie",
    "41": "Radiologie",
}

PARTICULAR_DISCIPLINE = {"80": "Homéopathie", "81": "Acupuncture"}

PROFESSIONAL_SITUATION = {
    "10": "Libéral",
    "21": "Hospitalier exclusif",
    "22": "Hospitalier partiel",
    "24": "Salarié",
    "30": "Mixte",
    "31": "Mixte",
    "32": "Mixte",
    "45": "Interdit d'exercice",
    "49": "N'exerce pas",
    "51": "Retraité actif",
    "52": "Retraité",
    "53": "Hors du département",
    "54": "Décédé",
    "59": "N'exerce plus",
    "60": "Service de santé des armées",
    "70": "Service de santé des armées",
    "75": "Service de santé des armées",
}

PROFESSION = {
    "10": "Médecin",
    "21": "Pharmacien",
    "26": "Audioprothésiste",
    "28": "Opticien-lunetier",
    "31": "Assistant dentaire",
    "32": "Physicien médical",
    "35": "Aide-soignant",
    "36": "Ambulancier",
    "37": "Auxiliaire de puériculture",
    "38": "Préparateur en pharmacie hospitalière",
    "39": "Préparateur en pharmacie (officine)",
    "40": "Chirurgien-dentiste",
    "50": "Sage-femme",
    "60": "Infirmier",
    "69": "Infirmier psychiatrique",
    "70": "Masseur-kinésithérapeute",
    "80": "Pédicure-podologue",
    "81": "Orthoprothésiste",
    "82": "Podo-orthésiste",
    "83": "Orthopédiste-orthésiste",
    "84": "Oculariste",
    "85": "Épithésiste",
    "86": "Technicien de laboratoire médical",
    "91": "Orthophoniste",
    "92": "Orthoptiste",
    "94": "Ergothérapeute",
    "95": "Diététicien",
    "96": "Psychomotricien",
    "98": "Manipulateur ERM",
}

FUTURE_PROFESSION = {code: PROFESSION[code] for code in ("10", "21", "40", "50")}

EXERCISE_MODE = {
    "00": "Libéral, exploitant, commerçant",
    "01": "Salarié",
    "04": "Remplaçant",
    "07": "Non rétribué (bénévole)",
}

ATTRIBUTION = {
    "10": "Vaccinateur",
    "11": "Catastrophe",
    "12": "Pénitentiaire",
    "20": "Expert",
    "30": "Agréé",
    "40": "Agréé",
    "50": "Assurance",
    "70": "Sapeur-pompier",
    "80": "Permis de conduire",
    "90": "Assurance",
}

ACTIVITY_SECTOR = {
    "10": "Établissement public de santé",
    "11": "Hôpital militaire",
    "16": "Établissement privé participant au service public hospitalier",
    "17": "Établissement privé à but non lucratif",
    "25": "Centre de santé, dispensaire",
    "26": "Service de santé des armées",
    "31": "Cabinet individuel",
    "32": "Cabinet de groupe",
    "33": "Exercice en société",
    "35": "Transports sanitaires",
    "37": "Entreprise d'intérim",
    "41": "Soins et prévention",
    "42": "Médecine du travail",
    "43": "Santé scolaire et universitaire",
    "45": "Protection maternelle et infantile",
    "51": "Établissement pour personnes handicapées",
    "53": "Établissement pour personnes âgées",
    "54": "Services sociaux",
    "55": "Enseignement",
    "56": "Enfance",
    "57": "Hébergement et réadaptation",
    "58": "Recherche",
    "61": "Expertise pour les assurances",
    "62": "Organismes de sécurité sociale",
    "63": "Aide sociale",
    "65": "Ministère, agence régionale de santé",
    "66": "Collectivités territoriales",
    "71": "Laboratoire hors établissement",
    "75": "Autres",
    "81": "Commerce de gros de produits médicaux",
    "85": "Commerce de détail d'articles médicaux",
    "86": "Pharmacie d'officine",
    "91": "Autres",
    "92": "Non défini",
}

SPECIALISATION = {
    "05": "Formation supérieure de service social",
    "07": "Diplôme d'État de puériculture",
    "51": "Cadre sage-femme",
    "61": "Infirmier anesthésiste",
    "62": "Infirmier de bloc opératoire",
    "63": "Infirmier cadre de santé publique",
    "64": "Cadre infirmier",
    "65": "Cadre infirmier psychiatrique",
    "71": "Cadre masseur-kinésithérapeute",
    "94": "Cadre ergothérapeute",
    "96": "Cadre psychomotricien",
    "98": "Cadre manipulateur ERM",
    "99": "Cadre de santé",
}

LEGAL_FORM = {str(code): f"Forme juridique {code}" for code in (*range(70, 80), *range(85, 89))}
"""The codes are public, their labels were not found."""

ORDER_SPECIALITY = {"SM26": "Qualifié en médecine générale", "SM54": "Médecine générale"}

DIRECTORY_SECTOR = {
    "SA01": "Établissement public de santé",
    "SA07": "Cabinet individuel",
    "SA08": "Cabinet de groupe",
    "SA33": "Pharmacie d'officine",
}

TABLES = {
    "G03": CIVILITY,
    "G04": RESPONSIBILITY,
    "G05": PHARMACIST_SECTION,
    "G06": CIVILITY,
    "G11": QUALIFICATION_NATURE,
    "G12": ORDINAL_SPECIALITY,
    "G13": PARTICULAR_DISCIPLINE,
    "G14": PROFESSIONAL_SITUATION,
    "G15": PROFESSION,
    "G16": FUTURE_PROFESSION,
    "G17": EXERCISE_MODE,
    "G18": ATTRIBUTION,
    "G19": ACTIVITY_SECTOR,
    "G20": SPECIALISATION,
    "G21": LEGAL_FORM,
    "R01": ORDER_SPECIALITY,
    "R02": DIRECTORY_SECTOR,
}
