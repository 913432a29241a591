"""The columns with which all records of an invoice begin: 1–35 as professionals write them, 1–38 as establishments do."""


def head_35(kind: str) -> str:
    """Type, professional, assuré and invoice number, in columns 1–35."""
    return f"""
1      N O ={kind}  type            Type d'enregistrement
2-10   N O ps       numero_ps       N° du partenaire de santé
11     A F blank    -               Blanc
12-24  A O nir      nir             N° immatriculation assuré
25-26  N O key      cle_nir         Clé du N° immatriculation
27-35  N O invoice  numero_facture  N° facture
"""


def continuation(kind: str, letter: str) -> str:
    """The same, and the letter of a continuation in column 36."""
    return f"{head_35(kind)}36     A O ={letter} complement Complément du type"


def detail(letter: str, *, presence: str = "O") -> str:
    """The same of a record 4, and the sequence in 37–38; *presence* is that of the sequence."""
    return f"{continuation('4', letter)}\n37-38  N {presence} sequence sequence Séquence"


def head_38(kind: str, *, presence: str = "F") -> str:
    """Type, professional, assuré, rank of the bénéficiaire (of that *presence*) and invoice number, in columns 1–38."""
    return f"""
1      N O ={kind}  type               Type d'enregistrement
2-10   N O ps       numero_ps          N° du partenaire de santé
11     A F blank    -                  Blanc
12-24  A O nir      nir                N° immatriculation assuré
25-26  N O key      cle_nir            Clé du N° immatriculation
27-29  N {presence} code rang_beneficiaire Rang du bénéficiaire
30-38  N O invoice  numero_facture     N° facture
"""
