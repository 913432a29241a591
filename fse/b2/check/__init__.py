"""The validator: everything that the public rules of B2 let one check of a file, with the clause of each rule.

:func:`check` takes any bytes and never refuses them: what is wrong is a finding, with record, columns, rule and value.
"""

from bifente.fse.b2.check.rules import RULES, B2Finding, B2Rule
from bifente.fse.b2.check.wholefile import check

__all__ = ["RULES", "B2Finding", "B2Rule", "check"]
