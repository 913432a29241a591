"""Acts and what details them: 4, 4S, 4E, 4B, 4C, 4D, 4F, 4H, 4M, of both norms.

``spec/fse.md`` §1.2; what establishments write today differs from it by §1.4 and ``corrections.md`` 10 to 12: in both norms the
continuations have their letter in column 36 and the invoice number in 27–35.
"""

from bifente.fse.b2.record import B2Record
from bifente.fse.b2.records.heads import detail, head_35, head_38

ACT_PS = B2Record(
    "4",
    "Prestations réglées au partenaire de santé ou à l'assuré",
    f"""
{head_35("4")}
36      A F =              complement            Complément de type
37-38   N F code           sequence              Séquence
39-40   N F code           mode_traitement       Mode de traitement
41-43   N F code           discipline            Discipline de prestations
44-49   N F day            date_accord           Date de la demande d'accord préalable ou date d'accord de prise en charge CMU
50      N O in:ACCORD      accord                Code accord préalable
51-52   A F code           renouvellement        Séquence de renouvellement
53      A F blank          -                     Blanc
54      A F in:EXONERATION_ACTE exoneration      Justification d'exonération ou de modulation du ticket modérateur au niveau de l'acte
55-63   N O ps             executant             N° exécutant + clé ayant effectué l'acte ou fourni le produit
64-65   N F code           zone_tarif            Zone tarif de l'exécutant
66-67   N F code           specialite            Spécialité de l'exécutant
68-73   N O day            date_acte             Date de l'acte, de la délivrance du produit
74-78   A O code           code_acte             Code acte
79-80   N O count          quantite              Quantités d'actes
81-86   N O coef           coefficient           Coefficient
87-88   N O count          denombrement          Dénombrement
89-95   N O cents          prix_unitaire         Prix unitaire
96-102  N O cents          base                  Base de remboursement
103-105 N O rate           taux                  Taux applicable à la prestation
106-112 N O cents          montant_amo           Montant remboursable par l'organisme d'Assurance Maladie
113-119 N O cents          montant               Montant des honoraires ou de la dépense (dépassement compris)
120     A O in:QUALIFICATIF? qualificatif        Qualificatif de la dépense
121     N O in:LIEU        lieu                  Code lieu
122-128 N F cents          montant_amc           Montant remboursable par l'organisme complémentaire
""",
)

ACT_CP = B2Record(
    "4",
    "Honoraires (norme CP)",
    f"""
{head_38("4")}
39-40   N F code           mode_traitement       Mode de traitement
41-43   N F code           discipline            Discipline de prestations
44-52   N O ps?            prescripteur          N° de prescripteur + clé
53      A F code           origine_prescription  Origine de la prescription                [§1.4]
54      A F in:EXONERATION_ACTE exoneration      Justification d'exonération ou de modulation du ticket modérateur au niveau de l'acte
55-56   N F code           specialite_prescripteur Spécialité du prescripteur
57-65   N O ps             executant             N° exécutant + clé
66-67   N F code           zone_tarif            Zone tarif de l'exécutant
68-69   N F code           specialite            Spécialité de l'exécutant
70-75   N O day            date_acte             Date des soins
76-80   A O code           code_acte             Code acte
81-82   N O count          quantite              Quantité
83-88   N O coef           coefficient           Coefficient
89-90   N O count          denombrement          Dénombrement
91-97   N O cents          prix_unitaire         Prix unitaire
98-104  N O cents          base                  Base de remboursement
105-107 N O rate           taux                  Taux applicable à la prestation
108-114 N O cents          montant_amo           Montant remboursable par la caisse
115-121 N O cents          montant               Montant des honoraires (dépassement compris)
122     A F in:QUALIFICATIF qualificatif         Qualificatif de la dépense
123-128 N F cents          montant_amc           Montant remboursable par l'organisme complémentaire
""",
)

_SEQUEL = """
39      A F in:CONDITION   condition_executant   Condition d'exercice de l'exécutant
{coordination}
41-47   N F cents          base_theorique        Base de remboursement théorique
{prescriber}
49-54   N F day            date_accord           Date de la demande d'accord préalable
55      N O in:ACCORD      accord                Code accord préalable
{replacement}
71      A F code           forcage_amo           Indicateur de forçage de la tarification de la part AMO
72-85   N F code           lieu_execution        Lieu d'exécution de l'acte
86-99   N F code           filiere               Identification de la filière ou du réseau
100     A F code           forcage_amc           Indicateur de forçage de la tarification de la part AMC
101-105 N F code           forfait_technique     N° d'ordre du forfait technique
106-119 N F code           appareil              N° de l'appareil
120-123 N F code           ghs                   N° de GHS ou de GHT
{domain}
"""

SEQUEL_PS = B2Record(
    "4S",
    "Suite de la ligne de facture",
    detail("S", presence="F")
    + _SEQUEL.format(
        coordination="40 A F blank - Blanc",
        prescriber="48 A F blank - Blanc",
        replacement="""
56-64   A F ps             remplacant            N° de remplaçant
65-70   A F code           remplacant_complement Complément au n° de remplaçant
""",
        domain="""
124     N F code           domaine               Domaine court séjour
125-128 A F blank          -                     Blanc
""",
    ),
)

SEQUEL_CP = B2Record(
    "4S",
    "Suite de la ligne de facture (norme CP)",
    detail("S")
    + _SEQUEL.format(
        coordination="40      A F code   option_coordination     Option de coordination              [§1.4]",
        prescriber="48      A F in:CONDITION condition_prescripteur Condition d'exercice du prescripteur [§1.4]",
        replacement="56-70   A F blank  -                       Blanc                               [corrections 12]",
        domain="""
124     A O code?          domaine               Domaine                               [corrections 12]
125     A F code           prevention            Top prévention                        [§1.4]
126-127 A F code           qualificatif_prevention Qualificatif de la prévention       [§1.4]
128     A F code           participation_assure  Code participation assuré             [§1.4]
""",
    ),
)

IDENTIFIERS = B2Record(
    "4E",
    "Suite de la ligne de facture: identifiants RPPS et structures",
    f"""
{detail("E")}
39-49   N F rpps   rpps_prescripteur       N° RPPS du prescripteur   [corrections 10]
50-63   A F code   structure_prescripteur  Structure du prescripteur [corrections 10]
64-74   N F rpps   rpps_executant          N° RPPS de l'exécutant    [corrections 10]
75-88   A F code   lieu_execution          Lieu d'exécution          [corrections 10]
89-128  A F blank  -                       Blanc                     [corrections 10]
""",
)

_BIOLOGY = """
39-42   A F reserved reserve_sesam Réservé SESAM
43-48   A O blank  -               Blanc
49-54   N O day    date_1      Date de l'acte 1
55-56   N O count  quantite_1  Quantité 1
57-64   N O code   code_acte_1 Code acte 1
65-70   N F day    date_2      Date de l'acte 2
71-72   N F count  quantite_2  Quantité 2
73-80   N F code   code_acte_2 Code acte 2
81-86   N F day    date_3      Date de l'acte 3
87-88   N F count  quantite_3  Quantité 3
89-96   N F code   code_acte_3 Code acte 3
97-102  N F day    date_4      Date de l'acte 4
103-104 N F count  quantite_4  Quantité 4
105-112 N F code   code_acte_4 Code acte 4
113-118 N F day    date_5      Date de l'acte 5
119-120 N F count  quantite_5  Quantité 5
121-128 N F code   code_acte_5 Code acte 5
"""

BIOLOGY_PS = B2Record("4B", "Détail des actes de biologie", detail("B", presence="F") + _BIOLOGY)
BIOLOGY_CP = B2Record("4B", "Détail des actes de biologie (norme CP)", detail("B") + _BIOLOGY)

PHARMACY = B2Record(
    "4C",
    "Détail des actes de pharmacie",
    f"""
{detail("C", presence="F")}
39-42   A F reserved        reserve_sesam   Réservé SESAM
43      A O blank           -               Blanc
44-50   N O code            code_cip_1      Code CIP 1
51-56   N O cents           prix_unitaire_1 Prix unitaire 1
57-58   N O count           quantite_1      Quantité 1
59      N O in:TAUX_CIP     taux_1          Code taux / laboratoire 1
60      A F in:SUBSTITUTION substitution_1 Indication de substitution 1
61-67   N F code            code_cip_2      Code CIP 2
68-73   N F cents           prix_unitaire_2 Prix unitaire 2
74-75   N F count           quantite_2      Quantité 2
76      N F in:TAUX_CIP     taux_2          Code taux / laboratoire 2
77      A F in:SUBSTITUTION substitution_2 Indication de substitution 2
78-84   N F code            code_cip_3      Code CIP 3
85-90   N F cents           prix_unitaire_3 Prix unitaire 3
91-92   N F count           quantite_3      Quantité 3
93      N F in:TAUX_CIP     taux_3          Code taux / laboratoire 3
94      A F in:SUBSTITUTION substitution_3 Indication de substitution 3
95-101  N F code            code_cip_4      Code CIP 4
102-107 N F cents           prix_unitaire_4 Prix unitaire 4
108-109 N F count           quantite_4      Quantité 4
110     N F in:TAUX_CIP     taux_4          Code taux / laboratoire 4
111     A F in:SUBSTITUTION substitution_4 Indication de substitution 4
112-118 N F code            code_cip_5      Code CIP 5
119-124 N F cents           prix_unitaire_5 Prix unitaire 5
125-126 N F count           quantite_5      Quantité 5
127     N F in:TAUX_CIP     taux_5          Code taux / laboratoire 5
128     A F in:SUBSTITUTION substitution_5 Indication de substitution 5
""",
)

ACTS = B2Record(
    "4D",
    "Détail des actes",
    f"""
{detail("D", presence="F")}
39-42   A F reserved reserve_sesam  Réservé SESAM
43-48   N O day      date_1         Date de l'acte 1
49-50   N I count    quantite_1     Quantité 1
51-63   A I code     code_acte_1    Code acte 1
64-66   N I code     modulateur_1   Coefficient modulateur 1
67-68   N O code?    dent_1         N° de dent 1
69-74   N I day      date_2         Date de l'acte 2
75-76   N I count    quantite_2     Quantité 2
77-89   A I code     code_acte_2    Code acte 2
90-92   N I code     modulateur_2   Coefficient modulateur 2
93-94   N I code     dent_2         N° de dent 2
95-128  A O blank    -              Blanc
""",
)

DEVICES = B2Record(
    "4F",
    "Détail des articles de la LPP",
    f"""
{detail("F")}
39-42   A F reserved          reserve_sesam    Réservé SESAM
43-55   A F code              code_lpp         Code de la LPP
56      A O in:PRESTATION_LPP type_prestation  Type de la prestation fournie
57-70   A F siret             siret            N° SIRET du fabricant ou de l'importateur
71-76   A F blank             -                Blanc
77-82   N O day               date_debut       Date début de location ou date d'achat ou de délivrance
83-88   N F day               date_fin         Date de fin de location ou de service
89-95   N O cents             tarif            Tarif de référence LPP ou PU sur devis
96-97   N O count             nombre           Nombre d'unités
98-104  N O cents             prix_vente       Prix unitaire de vente
105-111 N O cents             base             Base de remboursement LPP
112-118 N O cents             montant          Montant total facturé
119-128 A F blank             -                Blanc
""",
)

_MEDICINE_PRICES = """
81-87   N O cents     prix_unitaire  Prix unitaire facturé
88-90   N O count     quantite       Quantité
91-97   N O cents     montant        Montant total facturé
98-128  A F blank     -              Blanc
"""

MEDICINES_PS = B2Record(
    "4H",
    "Détail des médicaments hospitaliers rétrocédés",
    f"""
{detail("H")}
39-42   A F reserved    reserve_sesam  Réservé SESAM
43-48   A O blank       -              Blanc
49-55   N O code        code_ucd       Code UCD ou CIP
56      N O in:TAUX_UCD taux           Code taux
57-66   A F blank       -              Blanc
67-73   N F cents       prix_achat     Prix d'achat unitaire
74-80   N F cents       marge          Montant de la marge
{_MEDICINE_PRICES}
""",
)

MEDICINES_CP = B2Record(
    "4H",
    "Détail des médicaments hospitaliers rétrocédés (norme CP)",
    f"""
{detail("H")}
39-42   A F reserved    reserve_sesam  Réservé SESAM
43-48   A F blank       -              Blanc                        [corrections 10]
49-55   N O code        code_ucd       Code UCD ou CIP
56      A F blank       -              Blanc                        [corrections 12]
57-61   N O fraction    fractionnement Coefficient de fractionnement [corrections 12]
62-66   A F blank       -              Blanc                        [corrections 12]
67-73   N F cents       prix_achat     Prix d'achat unitaire ou coût de reconstitution [corrections 10]
74-80   N F cents       marge          Montant de la marge
{_MEDICINE_PRICES}
""",
)

CCAM = B2Record(
    "4M",
    "Détail des actes CCAM",
    f"""
{detail("M")}
39-42   A F reserved         reserve_sesam          Réservé SESAM
43-55   A O code             code_acte              Code de l'acte
56      A F code             extension_documentaire Code extension documentaire
57      A O code             activite               Code activité
58      N F code             phase                  Code phase de traitement
59      A F code             modificateur_1         Code modificateur 1
60      A F code             modificateur_2         Code modificateur 2
61      A F code             modificateur_3         Code modificateur 3
62      A F code             modificateur_4         Code modificateur 4
63      A F in:ASSOCIATION   association            Code association d'actes non prévue
64      A F in:REMBOURSEMENT remboursement          Code remboursement exceptionnel
65-70   N F day              date_seance            Date de chaque séance de la phase de traitement
71-72   A F code               dent_1               N° de la dent 1
73-74   A F code               dent_2               N° de la dent 2
75-76   A F code               dent_3               N° de la dent 3
77-78   A F code               dent_4               N° de la dent 4
79-80   A F code               dent_5               N° de la dent 5
81-82   A F code               dent_6               N° de la dent 6
83-84   A F code               dent_7               N° de la dent 7
85-86   A F code               dent_8               N° de la dent 8
87-88   A F code               dent_9               N° de la dent 9
89-90   A F code               dent_10               N° de la dent 10
91-92   A F code               dent_11               N° de la dent 11
93-94   A F code               dent_12               N° de la dent 12
95-96   A F code               dent_13               N° de la dent 13
97-98   A F code               dent_14               N° de la dent 14
99-100  A F code               dent_15               N° de la dent 15
101-102 A F code               dent_16               N° de la dent 16
103     A F in:SUPPLEMENT_CHARGE supplement_charge  Supplément de charge
104     A F code             modificateur_oc_1      Code modificateur OC 1
105     A F code             modificateur_oc_2      Code modificateur OC 2
106     A F code             modificateur_oc_3      Code modificateur OC 3                  [corrections 12]
107     A F code             modificateur_oc_4      Code modificateur OC 4                  [corrections 12]
108-128 A F blank            -                      Blanc
""",
)

_BOTH = (IDENTIFIERS, PHARMACY, ACTS, DEVICES, CCAM)
PS = (ACT_PS, SEQUEL_PS, BIOLOGY_PS, MEDICINES_PS, *_BOTH)
CP = (ACT_CP, SEQUEL_CP, BIOLOGY_CP, MEDICINES_CP, *_BOTH)
