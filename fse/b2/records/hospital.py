"""Lines of establishments: 3, 3S, 3E, 3F, 3H; norm CP only (``spec/fse.md`` §1.2 and §1.4)."""

from bifente.fse.b2.record import B2Record
from bifente.fse.b2.records.heads import continuation, head_38

LINE = B2Record(
    "3",
    "Ligne de facture, prestations hospitalières",
    f"""
{head_38("3", presence="O")}
39-40   N F code        mode_traitement      Mode de traitement
41-43   N F code        discipline           Discipline de prestations
44-49   N O day         date_debut           Date début de séjour
50-55   N O day         date_fin             Date fin de séjour
56-60   A O code        code_acte            Code acte
61-63   N O count       quantite             Quantités d'actes
64      A F in:EXONERATION_ACTE exoneration  Justification d'exonération du Ticket Modérateur au niveau de l'acte
65-69   N F code        coefficient          Coefficient
70      A F in:FORFAIT_JOURNALIER forfait_journalier Code prise en charge du forfait journalier
71-75   N F code        coefficient_sejour   Coefficient MCO ou HAD
76-82   N O cents       prix_unitaire        Prix unitaire
83-90   N O cents       base                 Base de remboursement
91-93   N O rate        taux                 Taux applicable à la prestation
94-101  N O cents       montant_amo          Montant remboursable par la caisse
102-109 N O cents       montant              Montant total de la dépense
110-113 N F code        ghs                  N° de GHS ou n° de GHT
114-116 N F rate        taux_financement     Taux de financement
117     A F code        participation_assure Code participation assuré                         [§1.4]
118-119 A F blank       -                    Blanc
120     A F in:QUALIFICATIF qualificatif     Qualificatif de la dépense
121     A F code        domaine              Domaine court séjour
122-128 N F cents       montant_amc          Montant remboursable par l'organisme complémentaire
""",
)

SEQUEL = B2Record(
    "3S",
    "Suite ligne de facture, prestations hospitalières",
    f"""
{head_38("3", presence="O")}
39      A O =S           complement               Complément de type
40-41   N O sequence     sequence                 Séquence
42-50   N O ps?          prescripteur             N° Prescripteur
51      A F in:CONDITION condition_prescripteur   Condition d'exercice du prescripteur
52-53   N O code?        specialite_prescripteur  Spécialité du prescripteur salarié
54-59   N O day?         date_prescription        Date de prescription
60-65   N F day          date_accord              Date de la demande d'accord préalable
66      N O in:ACCORD    accord                   Code accord préalable
67-80   N F code         etablissement_transfert  Etablissement de Transfert ou de retour ou Lieu d'exécution de l'acte
81      A F in:FIN_SEJOUR fin_sejour              Nature d'interruption ou de fin de séjour
82-95   N F code         filiere                  Identification de la filière ou du réseau
96-100  N F code         forfait_technique        N° ordre du forfait technique
101-114 N F code         appareil                 N° de l'appareil
115     A F code         origine_prescription     Origine de la prescription                      [§1.4]
116-128 A F blank        -                        Blanc
""",
    letter_column=39,
)

IDENTIFIERS = B2Record(
    "3E",
    "Suite ligne de facture: identifiants RPPS et structure",
    f"""
{head_38("3", presence="O")}
39      A O =E        complement              Complément de type                       [§1.4, derived]
40-41   N O sequence  sequence                Séquence                                 [§1.4, derived]
42-52   N F rpps      rpps_prescripteur       N° RPPS du prescripteur                  [§1.4]
53-66   A F code      structure_prescripteur  Structure du prescripteur                [§1.4]
67-128  A F blank     -                       Blanc                                    [§1.4, derived]
""",
    letter_column=39,
)

ARTICLES = B2Record(
    "3F",
    "Détail des articles de la LPP",
    f"""
{continuation("3", "F")}
37-38   N O sequence  sequence          Séquence                                       [corrections 11, derived]
39-42   N O reserved  reserve_sesam     Réservé SESAM
43-55   A O code      code_lpp          Code référence LPP
56-69   A F siret     siret             N° SIRET du fabricant ou de l'importateur
70-71   N O count     quantite          Quantité
72-78   N O cents     tarif             Tarif référence LPP ou Prix Unitaire sur devis
79-85   N O cents     montant           Montant total facturé
86-92   N F code      zone_86           Zone de 7 caractères (libellé non public)       [§1.4]
93-99   N F code      zone_93           Zone de 7 caractères (libellé non public)       [§1.4]
100-128 A F blank     -                 Blanc                                          [§1.4]
""",
)

MEDICINES = B2Record(
    "3H",
    "Détail des médicaments hospitaliers",
    f"""
{continuation("3", "H")}
37-38   N O sequence  sequence        Séquence                                         [corrections 11, derived]
39-42   N O reserved  reserve_sesam   Réservé SESAM
43-48   A O blank     -               Blanc
49-55   N O code      code_ucd        Code UCD ou CIP
56      A F blank     -               Blanc                                            [§1.4]
57-61   N O fraction  fractionnement  Coefficient de fractionnement                    [§1.4]
62-66   A F blank     -               Blanc                                            [§1.4]
67-73   N F cents     prix_achat      Prix d'achat unitaire
74-80   N F cents     ecart           Montant de l'écart indemnisable
81-87   N O cents     prix_unitaire   Prix unitaire facturé
88-90   N O count     quantite        Quantité
91-97   N O cents     montant         Montant total facturé
98-128  A O blank     -               Blanc
""",
)

RECORDS = (LINE, SEQUEL, IDENTIFIERS, ARTICLES, MEDICINES)
