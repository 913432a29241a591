"""Transports of sick persons: 4T (the whole invoice) and 4U (a journey); ``spec/fse.md`` §1.2, the same in both norms."""

from bifente.fse.b2.record import B2Record
from bifente.fse.b2.records.heads import detail

INVOICE = B2Record(
    "4T",
    "Complément facture globale (transport)",
    f"""
{detail("T")}
39-45   A O blank              -                Blanc
46      N O in:SERIE           serie            Série
47      N O in:HOSPITALISATION hospitalisation  Transport lié à une hospitalisation
48      N O in:LONGUE_DISTANCE longue_distance  Longue distance
49      A O blank              -                Blanc
50      N O in:FORFAIT         type_forfait     Forfait: type de forfait
51-56   N F cents              prix_forfait     Prix unitaire du forfait non majoré
57-58   N F count              forfaits         Quantité forfaits
59-60   N F count              forfaits_nuit    Quantité forfaits majoration de nuit
61-62   N F count              forfaits_ferie   Quantité forfaits majoration dimanche ou fériés
63-68   N F cents              prix_kilometre   Prix unitaire du kilomètre non réduit
69-72   N F count              km_150           Sans majoration: quantité <= 150 km
73-76   N F count              km_au_dela       Sans majoration: quantité > 150 km
77-80   N F count              km_150_nuit      Majoration nuit: quantité <= 150 km
81-84   N F count              km_au_dela_nuit  Majoration nuit: quantité > 150 km
85-88   A F code               km_150_ferie     Majoration dimanche/férié: quantité <= 150 km
89-92   A F code               km_au_dela_ferie Majoration dimanche/férié: quantité > 150 km
93      N F in:SUPPLEMENT      supplement       Type supplément
94-95   N F count              supplements      Quantité
96-101  N F cents              montant_supplements Montant des suppléments
102-103 N F count              peages           Nombre de péages et voies d'eau
104-109 N F cents              montant_peages   Montant des péages et voies d'eau
110-116 N F cents              abattements      Montant global des abattements
117-128 A O blank              -                Blanc
""",
)

JOURNEY = B2Record(
    "4U",
    "Complément facture détail (transport)",
    f"""
{detail("U")}
39-44   N O day    date_depart          Date départ
45-48   N O hhmm   heure_depart         Heure départ
49-53   N O code   lieu_depart          Lieu départ, département et commune
54-62   A O code   vehicule             N° véhicule
63-70   A O text   nom_conducteur       Nom conducteur (8 premiers caractères)
71-73   A O text   prenom_conducteur    Prénom conducteur (3 premiers caractères)
74-81   A F text   nom_accompagnateur   Nom accompagnateur (8 premiers caractères)
82-84   A F text   prenom_accompagnateur Prénom accompagnateur (3 premiers caractères)
85-90   N O day    date_arrivee         Date arrivée
91-94   N O hhmm   heure_arrivee        Heure arrivée
95-99   N O code   lieu_arrivee         Lieu arrivée
100     N O count  malades              Nombre malades
101-102 N F rate   abattement           % abattement
103-108 N F cents  montant_abattement   Montant abattement
109-112 N F count  distance             Distance parcourue
113-128 A O blank  -                    Blanc
""",
)

RECORDS = (INVOICE, JOURNEY)
