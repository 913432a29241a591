"""What an invoice begins and ends with: 2, its continuations 2S 2M 2P 2B 2C, and 5, of both norms.

``spec/fse.md`` §1.2; what establishments write today differs from it by §1.4 and ``corrections.md`` 11 and 12.
"""

from bifente.fse.b2.record import B2Record
from bifente.fse.b2.records.heads import continuation, head_35, head_38

_RIGHTS = """
49-50   N O in:REGIME regime             Code Grand Régime
51-53   N O code  caisse             N° Caisse gestionnaire
54-57   N O code  centre             N° Centre gestionnaire
58      N O in:PIECE piece_justificative Nature de la pièce justificative des droits
"""
_INSURANCE = """
77-78   N O in:NATURE_ASSURANCE nature_assurance Nature d'assurance
79      A O in:EXONERATION exoneration Justification d'exonération ou de modulation du ticket modérateur
"""

HEADER_PS = B2Record(
    "2",
    "Début facture",
    f"""
{head_35("2")}
36      A F =                 complement               Complément du type
37      A F in:MARQUAGE       marquage                 Marquage de la facture
38      A F code              forcage_amo              Indicateur de forçage de la tarification de la part AMO
39      N O code              nature_operation         Nature d'opération
40-45   N O day               date_facturation         Date de facturation
46      A F in:ECLATEMENT_PS  top_eclatement           Top éclatement des flux par le PS
47      A F in:TYPE_FACTURE   type_facture             Type de facture
48      A F code              portable                 Facture établie sur un dispositif portable
{_RIGHTS}
59-67   N O ps?               prescripteur             N° prescripteur + clé
68-73   N O day?              date_prescription        Date de prescription
74-76   A F code              regime_prestation        Régime de prestation de l'assuré
{_INSURANCE}
80-85   N F day               date_maternite           Date Maternité
86-94   N F code              accident                 Numéro accident du travail ou date d'accident de droit commun
95      N O code              remplacant               Présence d'une CPS de remplaçant pour sécurisation de la facture
96-101  A O birth             naissance                Date de naissance du bénéficiaire
102     N F code              rang_naissance           Rang de naissance
103-104 A F code              rang_beneficiaire        Rang de bénéficiaire
105-112 A F code              adherent                 N° d'adhérent
113-114 N F code              specialite_prescripteur  Spécialité de prescripteur
115-116 N O in:REGLEMENT      destinataire_reglement   Destinataire du règlement
117-118 N F in:CONTRAT        type_contrat             Type de contrat souscrit auprès d'un organisme complémentaire
119-128 A F code              organisme_complementaire N° d'organisme complémentaire
""",
)

HEADER_CP = B2Record(
    "2",
    "Début facture (norme CP)",
    f"""
{head_38("2")}
39      N O code              nature_operation         Nature d'opération
40-48   N O code              numero_entree            N° d'entrée                                   [corrections 12]
{_RIGHTS}
59-64   N F day               date_prise_en_charge     Prise en charge établie le
65-70   N F day               date_droits              Attestation de droits, carte Vitale ou prise en charge valable à compter du
71-73   N F code              caisse_prise_en_charge   Délivrée par
74-76   N F code              regime_prestation        Régime de prestation de l'assuré              [corrections 12]
{_INSURANCE}
80-85   N O day               date_hospitalisation     Date d'hospitalisation                        [corrections 12]
86-94   N F code              accident                 Numéro accident du travail ou date d'accident de droit commun
95      A F in:ECLATEMENT_PS  top_eclatement           Top éclatement des flux                       [§1.4]
96-101  N O birth             naissance                Date de naissance du bénéficiaire             [corrections 10]
102     N F code              rang_naissance           Rang de naissance
103-108 N O day               date_entree              Date d'entrée
109-114 N O day               date_sortie              Date de sortie
115-116 N O hour              heure_sortie             Heure de sortie
117-118 N F in:CONTRAT        type_contrat             Type de contrat souscrit auprès d'un organisme complémentaire
119-128 A F code              organisme_complementaire N° d'organisme complémentaire
""",
)

OPPOSITION_PS = B2Record(
    "2S",
    "Suite de l'en-tête de la facture",
    f"""
{continuation("2", "S")}
37-49   A F blank  -               Blanc
50-62   A F nir    nir_individuel  N° immatriculation individuel
63-64   N F key    cle_individuel  Clé du N° immatriculation
65-70   N F code   reference_opposition Référence de la liste d'opposition
71-128  N F blank  -               Blanc
""",
)

ATTENDING_CP = B2Record(
    "2S",
    "Suite de l'en-tête de la facture (norme CP)",
    f"""
{head_38("2")}
39      A O =S            complement              Complément du type
40-41   N O sequence      sequence                Séquence                                   [corrections 10]
42-47   N F code          complement_titre        Complément au numéro de titre de recette
48-49   N F in:REGLEMENT  destinataire_reglement  Destinataire du règlement
50-62   A F nir           nir_individuel          N° immatriculation individuel
63-64   N F key           cle_individuel          Clé du N° immatriculation
65-70   A F blank         -                       Blanc                                      [§1.4]
71      A F code          top_medecin_traitant    Top médecin traitant                       [§1.4]
72-96   A F text          nom_medecin_traitant    Nom du médecin traitant                    [§1.4]
97-111  A F text          prenom_medecin_traitant Prénom du médecin traitant                 [§1.4]
112-120 N F ps            numero_medecin_traitant N° AM du médecin traitant                  [§1.4]
121     A F in:IPS        parcours_soins          Indicateur parcours de soins (IPS)         [§1.4]
122-128 A F blank         -                       Blanc                                      [§1.4]
""",
    letter_column=39,
)

COMPLEMENTARY = B2Record(
    "2M",
    "Suite de l'en-tête de la facture: organisme complémentaire",
    f"""
{continuation("2", "M")}
37-46   N F code            organisme_complementaire  N° d'organisme complémentaire
47-48   A F code            code_routage_destinataire Code routage destinataire AMC
49-51   A F code            hote_destinataire         Identifiant de l'hôte destinataire AMC
52-71   A F blank           -                         Blanc
72-86   N F code            identifiant_amc           Identifiant AMC fourni par l'organisme complémentaire
87-93   A F blank           -                         Blanc
94      A F in:FORCAGE_AMC  forcage_amc               Code forçage de la tarification de la part AMC
95      A F in:MODULE_STS   type_module_sts           Type du module STS
96-99   A F code            version_module_sts        N° de version du module STS
100-101 A F code            code_routage              Code routage AMC
102-104 A F code            hote                      Identifiant hôte AMC
105-124 A F text            nom_domaine               Nom de domaine
125-126 A F code            indicateur_traitement     Indicateur de traitement
127-128 A F code            application               Code application AMC
""",
)

OPERATOR = B2Record(
    "2P",
    "Suite de l'en-tête de la facture: opérateur de règlement",
    f"""
{continuation("2", "P")}
37-46   A F code   operateur_reglement     N° d'opérateur de règlement
47-80   A F text   contexte_conventionnel  Contexte conventionnel AMC
81-128  A F blank  -                       Blanc
""",
)

BENEFICIARY = B2Record(
    "2B",
    "Suite de l'en-tête de la facture: bénéficiaire",
    f"""
{continuation("2", "B")}
37      A O blank       -                Blanc
38-39   A O in:QUALITE  qualite          Qualité du bénéficiaire
40-42   A O code        civilite         Code civilité
43-67   A O text        nom              Nom du bénéficiaire
68-82   A O text        prenom           Prénom
83-86   N F code        numero_voie      N° de la voie
87      A F code        complement_voie  Complément N° voie
88-91   A F code        type_voie        Type de voie
92-116  A F text        voie             Libellé de la voie
117-128 A O blank       -                Blanc
""",
)

ADDRESS = B2Record(
    "2C",
    "Suite de l'en-tête de la facture: adresse",
    f"""
{continuation("2", "C")}
37-40   A O blank  -                   Blanc
41-65   A F text   complement_adresse  Complément d'adresse
66-90   A O text   commune             Commune résidence
91-95   A O code   code_postal         Code postal
96-120  A F text   nom_assure          Nom de l'assuré
121-128 A F text   prenom_assure       Prénom de l'assuré
""",
)

TOTAL_PS = B2Record(
    "5",
    "Totalisation de la facture",
    f"""
{head_35("5")}
36-38   A O blank              -                   Blanc
39-41   N O count              nombre_lignes       Nombre d'enregistrements de type 4
42-57   A O reserved           reserve_sesam       Zone réservée SESAM
58-65   N O cents              total_facture       Total des montants facturés
66-73   N O cents              total_amo           Total remboursable par la caisse
74-81   N O cents              participation       Total participation assuré avant participation de l'organisme complémentaire
82-89   N F cents              total_amc           Total remboursable par l'organisme complémentaire
90      A O in:ECLATEMENT_OCT? eclatement_oct      Top éclatement des flux par l'OCT
91-93   A O reserved           reserve_sesam_2     Zone réservée SESAM
94      A O code?              opposition          Liste d'opposition
95-96   A O blank              -                   Blanc
97-128  A O code?              zone_certification  Zone de certification
""",
)

TOTAL_CP = B2Record(
    "5",
    "Totalisation de la facture (norme CP)",
    f"""
{head_38("5")}
39-41   N O count     nombre_lignes           Nombre d'enregistrements de type 3 et 4
42-49   N O cents     base_hospitalisation    Total base de remboursement, prestations hospitalières
50-57   N O cents     amo_hospitalisation     Total remboursable par la caisse pour les prestations hospitalières
58-65   N O cents     total_honoraires        Total des honoraires facturés
66-73   N O cents     amo_honoraires          Total remboursable par la caisse pour les honoraires
74-81   N O cents     participation           Total participation assuré avant participation de l'organisme complémentaire
82-89   N F cents     amc_hospitalisation     Total remboursable par les organismes complémentaires, prestations hospitalières
90-97   N F cents     amc_honoraires          Total remboursable par les organismes complémentaires, honoraires
98-114  A F blank     -                       Blanc                                                        [corrections 10]
115-122 N O cents     facture_hospitalisation Montant total facturé pour les prestations hospitalières
123-126 A F reserved  zone_editeur            Zone réservée aux éditeurs                                   [§1.4]
127-128 A F blank     -                       Blanc                                                        [§1.4]
""",
)

CONTINUATIONS = (COMPLEMENTARY, OPERATOR, BENEFICIARY, ADDRESS)
"""Printed once, without a form for establishments: their letter is in column 36 in both norms."""

PS = (HEADER_PS, OPPOSITION_PS, *CONTINUATIONS, TOTAL_PS)
CP = (HEADER_CP, ATTENDING_CP, *CONTINUATIONS, TOTAL_CP)
