"""The rules that a B2 file is checked by, each with the clause it comes from, and what a finding is.

Clauses: ``§1.1`` … are those of ``spec/fse.md`` (after FIDES, SVIEW and CALEB), ``corrections N`` the entries of
``spec/corrections.md``. A rule that is only a *remark* leaves the file valid.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class B2Rule:
    """``name`` as findings give it, the clause, and what the rule demands."""

    name: str
    clause: str
    demands: str
    remark: bool = False


@dataclass(frozen=True, slots=True)
class B2Finding:
    """What is wrong, and where: the ``number``-th record (from 1; 0 for the file), its name, ``offset`` bytes from the
    beginning of the file; ``columns`` (``58–65``) and ``field`` when it is about one field; ``value`` as it stands there.
    """

    rule: B2Rule
    message: str
    number: int = 0
    record: str = ""
    offset: int = 0
    field: str = ""
    columns: str = ""
    value: str = ""

    @property
    def is_remark(self) -> bool:
        """Whether the file is valid all the same."""
        return self.rule.remark


_FORM: Final = (
    B2Rule("not-b2", "§1.1", "a file begins with record 000"),
    B2Rule("line-ends", "§1.1", "nothing stands between the records", remark=True),
    B2Rule(
        "byte-order-mark", "§1.1", "a file begins with record 000, not with a byte order mark", remark=True
    ),
    B2Rule("ebcdic", "§1.1", "the characters are ASCII; EBCDIC is possible on hosts", remark=True),
    B2Rule("length", "§1.1", "a record has 128 characters"),
    B2Rule("unknown-record", "§1.2", "a record is one of the norm's, by its type and its letter"),
    B2Rule("other-norm", "§1.1", "a record belongs to the norm that record 000 names"),
    B2Rule("unread-norm", "§1.1", "the norm is PS or CP: of others no layouts are public", remark=True),
    B2Rule("lost", "§1.1", "records follow one another every 128 characters"),
)
_FIELDS: Final = (
    B2Rule("fixed", "§1.2", "what always stands in a field stands there"),
    B2Rule("blank", "§1.2", "blank columns are blank"),
    B2Rule("mandatory", "§1.2", "a mandatory field has a value"),
    B2Rule("numeric", "§1.1", "a numeric field holds digits, filled with zeros on the left"),
    B2Rule("characters", "§1.1", "letters are capitals without accents"),
    B2Rule("left-aligned", "§1.1", "an alphanumeric field is filled with spaces on the right"),
    B2Rule("code", "§1.2", "a code is one of those that the norm lists"),
    B2Rule("unlisted-code", "§1.5", "a code is one of those that public sources print", remark=True),
    B2Rule("date", "§1.1", "a date is AAMMJJ and exists"),
    B2Rule("hour", "§1.2", "an hour exists"),
    B2Rule("nir", "§4.1", "a NIR has its shape"),
    B2Rule("nir-key", "§4.1", "the key of a NIR is 97 − (N mod 97)"),
    B2Rule("ps-key", "§4.6", "the number of a professional or an establishment ends with its Luhn key"),
    B2Rule("rpps-key", "§4.6", "an RPPS number ends with its Luhn key"),
    B2Rule("siret-key", "§4.6", "a SIRET number ends with its Luhn key"),
)
_ORDER: Final = (
    B2Rule("order", "§1.1", "000 { 1 { 2 continuations lines 5 } 6 } 999"),
    B2Rule("truncated", "§1.1", "a file ends with record 999"),
    B2Rule("no-lines", "§1.1", "an invoice has 1 to 999 lines"),
    B2Rule("too-many-lines", "§1.1", "an invoice has 1 to 999 lines"),
    B2Rule("too-many-records", "§1.1", "a file has at most 990 records"),
    B2Rule(
        "too-many-details", "§1.1", "a line has at most 26 records 4M, 10 4B, 10 4H, 10 articles of the LPP"
    ),
    B2Rule("4E-after-4S", "corrections 13", "4E follows 4S"),
    B2Rule("detail-after-4S", "corrections 13", "4B, 4H and 4M follow 4S or 4E"),
    B2Rule("sequence", "corrections 13", "details are sorted by their sequence"),
)
_AGREEMENT: Final = (
    B2Rule("same-head", "§1.2", "all records of an invoice have its professional, assuré and number"),
    B2Rule("same-professional", "§1.2", "an invoice and the end of a lot have the professional of the lot"),
    B2Rule("same-lot", "§1.2", "record 6 has the number of the lot"),
    B2Rule("same-ends", "§1.2", "record 999 repeats sender, recipient and identification of record 000"),
    B2Rule("same-norm", "§1.1", "record 1 names the norm of record 000"),
    B2Rule("same-recipient", "§1.1", "all lots of a file go to one organisme"),
    B2Rule("same-regime", "§1.1", "all invoices of a lot for a caisse are of one grand régime"),
    B2Rule("same-marking", "§1.2", "record 6 marks the lot (real, test) as its invoices are"),
    B2Rule("unique-invoice", "§1.1", "an invoice number is unique per professional"),
    B2Rule("unique-lot", "§1.1", "a lot number is unique per professional and file"),
    B2Rule("certification", "§1.1", "the zones of certification are filled in a SESAM lot, and in no other"),
    B2Rule("invoice-type", "§1.2", "invoices of a SESAM lot are of type F, others of none"),
)
_COUNTS: Final = (
    B2Rule("count-lines", "corrections 13", "record 5 counts every record 3 and 4, with or without letter"),
    B2Rule("count-lot", "§1.2", "record 6 counts invoices, lines and records 2 and 5"),
    B2Rule("count-file", "§1.2", "record 999 counts the records (volume) and the lots"),
    B2Rule("sum-invoice", "§1.2", "record 5 adds up the lines"),
    B2Rule(
        "participation",
        "corrections 13",
        "participation = (Σ 3.montant − amo) + (total des honoraires − amo)",
    ),
    B2Rule("sum-lot", "§1.2", "record 6 adds up the records 5"),
)
_CONTENT: Final = (
    B2Rule("modifiers", "corrections 13", "modifiers stand without holes between them"),
    B2Rule("split-amc", "corrections 13", "with top éclatement F the complementary amounts are 0"),
    B2Rule(
        "accident-missing", "corrections 13", "nature 41 has an accident number, or its date as 000AAMMJJ"
    ),
    B2Rule("accident", "corrections 13", "an accident is its number of 9 digits, or its date as 000AAMMJJ"),
    B2Rule("accident-key", "§1.5", "the number of an accident ends with a Luhn-like key", remark=True),
    B2Rule("centre-96", "corrections 13", "a centre of régime 96, caisse 196 is three characters and 0"),
    B2Rule("future", "§2.1", "nothing is dated after the file that carries it", remark=True),
)

RULES: Final = {
    rule.name: rule for rules in (_FORM, _FIELDS, _ORDER, _AGREEMENT, _COUNTS, _CONTENT) for rule in rules
}
"""All rules, by name; ``docs/b2.md`` prints this table."""
