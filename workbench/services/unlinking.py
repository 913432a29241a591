"""What belongs to one person, chained without saying who it is: two passes with two keys in two hands (synthetic)."""

import secrets
from dataclasses import replace

from bifente.fse.chaining import KEY_SIZE, ChainingIdentity, chained, first_pass, second_pass
from bifente.workbench.services.shown import AttackNotice, ShownAttack, ShownService, noticed

_PATIENT = ChainingIdentity("1851399123456", "198513", "1")
_OTHER = ChainingIdentity("2801599999111", "198015", "2")
"""People of no register: nobody is born in month 13 or 15."""


def chaining() -> ShownService:
    """Two stays of one patient meet, and neither party alone can say whose they are."""
    producer, platform = secrets.token_bytes(KEY_SIZE), secrets.token_bytes(KEY_SIZE)
    stays = [second_pass(first_pass(_PATIENT, producer), platform) for _ in range(2)]
    other = chained(_OTHER, producer, platform)
    twin, sister = (chained(replace(_PATIENT, sex=sex), producer, platform) for sex in (_PATIENT.sex, "2"))
    both = "finds" if chained(_PATIENT, producer, platform) in {*stays, other} else "does not find"
    base = {stays[0], other}
    return ShownService(
        "chaining",
        "chaining without names, in the shape of FOIN (synthetic)",
        (
            f"two stays of one patient, each through both passes: {stays[0]} and {stays[1]}, {_same(stays[0], stays[1])}",
            f"another patient: {other}, {_same(stays[0], other)}",
            f"a twin of the same sex, whose rank goes in nowhere: {twin}, {_same(stays[0], twin)}, as is published of FOIN",
            f"a twin of the other sex: {sister}, {_same(stays[0], sister)}",
            f"not hidden from both together: whoever knows the NIR and holds both keys {both} the patient",
        ),
        stays[0] == stays[1] == twin and len({stays[0], other, sister}) == 3,
        (
            _guess("the platform guesses", "the platform", "second", base, platform, own_is_first=False),
            _guess("the producer guesses", "the producer", "first", base, producer, own_is_first=True),
            ShownAttack(
                "a pass left out",
                ("the platform gives a NIR to the second pass, without the producer's",),
                (noticed("the second pass", lambda: second_pass(_PATIENT.nir, platform)),),
            ),
        ),
    )


def _guess(name: str, who: str, which: str, base: set[str], own: bytes, *, own_is_first: bool) -> ShownAttack:
    """Somebody who knows the patient's NIR, and one key of two, makes numbers and looks them up."""
    tries = 1000
    hits = 0
    for _ in range(tries):
        guessed = secrets.token_bytes(KEY_SIZE)
        first, second = (own, guessed) if own_is_first else (guessed, own)
        hits += chained(_PATIENT, first, second) in base
    same_for_both = chained(_PATIENT, own, own) in base
    return ShownAttack(
        name,
        (
            f"{who} knows the patient's NIR and the {which} key of the two passes",
            f"it makes {tries} numbers with guesses of the other key, and one with its own key twice, and looks for them",
        ),
        (
            AttackNotice(
                who,
                "comparison with the numbers kept",
                "",
                f"{hits + same_for_both} of {tries + 1} numbers are among those that are kept",
                refused=not hits and not same_for_both,
            ),
        ),
    )


def _same(one: str, other: str) -> str:
    return "the same number" if one == other else "another number"
