"""The nomenclatures of the cards: tables G01 to G104 of GIP-CPS, R01 and R02, and the codes of the carte Vitale."""

from bifente.codes.gip.tables import PARTIAL, TABLES, known, label

__all__ = ["PARTIAL", "TABLES", "known", "label"]
