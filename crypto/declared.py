"""The states of a resumable digest, declared with construct: the tests hold what is sliced by hand against it."""

from typing import Final

from construct import Array, Construct, Int32ub, Int64ub, Struct


def _state(words: int) -> Construct:
    return Struct("chain" / Array(words, Int32ub), "bits" / Int64ub)


STATES: Final[dict[str, Construct]] = {"sha1": _state(5), "sha256": _state(8)}
"""By the name that ``hashlib`` gives to the function."""
