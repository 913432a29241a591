"""What was shown of a service: the exchange as it should be, each attack on it, and who noticed by what."""

from collections.abc import Callable
from dataclasses import dataclass

from bifente.crypto.errors import CryptoError
from bifente.fse.errors import FseError


@dataclass(frozen=True, slots=True)
class AttackNotice:
    """What became of an attack: who looked, the check that said something, its code and its own words.

    ``refused`` is False when nobody noticed.
    """

    by: str
    check: str
    code: str
    reason: str
    refused: bool = True


@dataclass(frozen=True, slots=True)
class ShownAttack:
    """An attack that was made: its ``name``, what the attacker did, and what became of it."""

    name: str
    done: tuple[str, ...]
    notices: tuple[AttackNotice, ...]

    @property
    def refused(self) -> bool:
        """Whether every check that was tried refused it."""
        return bool(self.notices) and all(one.refused for one in self.notices)


@dataclass(frozen=True, slots=True)
class ShownService:
    """A service at work. ``accepted`` says whether the honest exchange went through.

    ``evidence`` are files by their names: what a third party is shown, and the roots by which it judges.
    """

    name: str
    title: str
    honest: tuple[str, ...]
    accepted: bool
    attacks: tuple[ShownAttack, ...]
    evidence: tuple[tuple[str, bytes], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the honest exchange was accepted, and every attack refused."""
        return self.accepted and bool(self.attacks) and all(attack.refused for attack in self.attacks)


def noticed(by: str, attempt: Callable[[], object]) -> AttackNotice:
    """What *attempt* ends in: the error that refuses it, or that nobody noticed."""
    try:
        attempt()
    except (FseError, CryptoError) as error:
        kind = getattr(error, "kind", "")
        return AttackNotice(by, type(error).__name__, kind, str(error).splitlines()[0])
    return AttackNotice(by, "none", "", "nothing was noticed", refused=False)
