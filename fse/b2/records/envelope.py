"""What a file and its lots begin and end with: 000, 1, 6, 999; the same in both norms (``spec/fse.md`` §1.2)."""

from bifente.fse.b2.record import B2Record

FILE_HEADER = B2Record(
    "000",
    "Début de fichier",
    """
1-3     N O =000          type                   Type d'enregistrement
4-5     A O in:EMETTEUR   type_emetteur          Type d'émetteur
6-19    N O code          numero_emetteur        Numéro d'émetteur
20-25   A O blank         -                      Blanc
26-27   A O code          type_destinataire      Type de destinataire
28-41   A O code          numero_destinataire    N° de destinataire
42-47   N O day?          date_reception         Date de réception du flux sur le frontal
48-49   A O code          application            Application
50-55   A O code          identification         Identification du fichier
56-61   N O day           date_creation          Date de création du fichier
62-65   A O code          norme                  Norme
66-67   A O =B2           version_norme          Version de la norme
68      A O blank         -                      Blanc
69      A O blank         -                      Blanc
70-72   A O reserved      reserve_sesam          Zone réservée SESAM
73-82   A O blank         -                      Blanc
83-85   N O =128          longueur               Longueur d'enregistrement
86-91   A O blank         -                      Blanc
92-128  A F text          message                Zone message
""",
)

LOT_HEADER = B2Record(
    "1",
    "Début de lot",
    """
1       N O =1                type             Type d'enregistrement
2-10    N O ps                numero_ps        N° partenaire de santé + clé
11-16   A O code?             origine          Origine du fichier
17-19   N O code              organisme        N° d'organisme destinataire
20-22   N O code              numero_lot       N° de lot
23-25   A F code              categorie        Catégorie
26-27   A F code              statut           Statut juridique
28-29   A F code              mode_tarifs      Mode de fixation des tarifs
30-69   A O text              nom              Nom ou raison sociale du partenaire de santé
70-71   A O =B2               version_norme    Version de la norme utilisée
72-77   N O day               date_creation    Date de création du lot
78      A O blank             -                Blanc
79-80   A O code              norme            Code norme
81      A F in:CERTIFICATION  certification    Top certification du lot
82-87   N O code              edition_norme    Numéro de version de norme
88      A F in:MONNAIE        monnaie          Unité monétaire de facturation
89-90   A F code              regime_pivot     Grand régime de la caisse pivot
91-93   A F code              caisse_pivot     N° de la caisse pivot
94      A F code              centralisatrice  Indication de dispositif Caisse Centralisatrice des Paiements
95-128  A O blank             -                Blanc
""",
)

LOT_TRAILER = B2Record(
    "6",
    "Fin du lot",
    """
1       N O =6               type                   Type d'enregistrement
2-10    N O ps               numero_ps              N° partenaire de santé + clé
11-13   N O count            nombre_factures        Nombre de factures
14-17   N O count            nombre_lignes          Nombre de lignes actes
18-21   N O count            nombre_types_2         Comptabilisation des enregistrements des types 2
22-24   N O count            nombre_types_5         Total de tous les enregistrements de type 5
25-33   N O cents            total_facture          Montant total général du lot, prestations facturées
34-42   N O cents            total_amo              Montant total général du lot, remboursable par l'organisme d'assurance maladie
43-51   N O cents            total_amc              Montant total général du lot, remboursable par les organismes complémentaires
52-54   N O code             numero_lot             N° de lot
55      A F in:MARQUAGE      marquage               Indicateur de marquage des factures du lot
56      A F in:TYPE_FACTURE  type_facture           Type de facture
57-60   A O blank            -                      Blanc
61-72   A F code             agrement_logiciel      N° agrément progiciel de santé
73-84   A F code             agrement_portable      N° agrément du dispositif portable
85-87   A F blank            -                      Blanc
88-96   N F ps               numero_remplacant      N° d'identification du PS remplaçant
97-128  A F code             zone_certification     Zone de certification
""",
)

FILE_TRAILER = B2Record(
    "999",
    "Fin de fichier",
    """
1-3     N O =999         type                 Type d'enregistrement
4-5     A O in:EMETTEUR  type_emetteur        Type d'émetteur
6-19    N O code         numero_emetteur      Numéro émetteur
20-25   A O blank        -                    Blanc
26-27   A O code         type_destinataire    Type de destinataire
28-41   N O code         numero_destinataire  Numéro de destinataire
42-47   A O blank        -                    Blanc
48-49   A O code         application          Application
50-55   A O code         identification       Identification du fichier
56-63   N O count        volume               Volume du fichier
64-82   A O blank        -                    Blanc
83-85   N O count        nombre_lots          Nombre de lots
86-128  A O blank        -                    Blanc
""",
)

RECORDS = (FILE_HEADER, LOT_HEADER, LOT_TRAILER, FILE_TRAILER)
