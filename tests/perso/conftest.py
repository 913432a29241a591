"""Cards in memory for the tests of personalisation."""

from collections.abc import Callable
from datetime import date

import pytest
from keypool import KeySource

from bifente.applets.perso import Profile, parse_profile, personalise, read_profile
from bifente.igc import Authority

TODAY = date(2026, 3, 2)

Make = Callable[..., dict[str, bytes]]


@pytest.fixture
def make(pooled_authority: Authority, pooled_source: KeySource) -> Make:
    """``make("gp")`` or ``make(profile)``: the records of a new card."""

    def records(profile: str | Profile, today: date = TODAY) -> dict[str, bytes]:
        wanted = read_profile(profile) if isinstance(profile, str) else profile
        return personalise(wanted, pooled_authority, keys=pooled_source, today=today)

    return records


@pytest.fixture
def again() -> Callable[[str], dict[str, bytes]]:
    """The card of a dump with secrets: without authority, without new keys, on another day."""

    def records(text: str) -> dict[str, bytes]:
        def no_keys(_bits: int) -> None:
            raise AssertionError("no key is to be made")

        return personalise(parse_profile(text, "dump.yaml"), None, keys=no_keys, today=date(2031, 1, 1))

    return records
