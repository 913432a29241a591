"""A number that chains what belongs to one person without saying who it is, in the shape of FOIN (synthetic)."""

from bifente.fse.chaining.foin import (
    KEY_SIZE,
    SIZE,
    ChainingError,
    ChainingIdentity,
    chained,
    first_pass,
    second_pass,
)

__all__ = [
    "KEY_SIZE",
    "SIZE",
    "ChainingError",
    "ChainingIdentity",
    "chained",
    "first_pass",
    "second_pass",
]
