"""What a test's marker declares, checked: a slip of the pen is an error that lists what there is, never a card as usual."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final

WAYS: Final = ("process", "pyscard", "socket")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a test has declared: a profile for each slot (None: the slot is empty), records to change, the way."""

    cps: str | None = "gp"
    vitale: str | None = "vitale-single"
    over: str = "process"
    changes: Mapping[str, bytes] = field(default_factory=dict)
    """Records of the CPS that are replaced, e.g. ``{"pin/01/left": b"\\x01"}`` for one try left."""

    @classmethod
    def of(cls, declared: Mapping[str, object]) -> "Wanted":
        """The names of a marker and their values. Raises ValueError saying what there is, for a name or value that is not."""
        names = [one.name for one in fields(cls)]
        for name in declared:
            if name not in names:
                raise ValueError(_unknown("name", name, names))
        for slot in ("cps", "vitale"):
            _check_profile(slot, declared.get(slot))
        over = declared.get("over", "process")
        if over not in WAYS:
            raise ValueError(_unknown("over", over, WAYS))
        _check_changes(
            declared.get("changes", {}), without_card="cps" in declared and declared["cps"] is None
        )
        return cls(**declared)  # type: ignore[arg-type]  # each value was checked above


def check_records(changes: Mapping[str, bytes], records: Iterable[str]) -> None:
    """Refuse to replace what the card has not. Raises ValueError with the names that are like it, and all others."""
    names = sorted(name for name in records if not name.startswith("initial/"))
    for name in changes:
        if name not in names:
            raise ValueError(_unknown("record in changes", name, names))


def _check_profile(slot: str, profile: object) -> None:
    from bifente.applets.perso.profile.shipped import shipped_profiles

    if profile is None:
        return
    if not isinstance(profile, str):
        raise ValueError(f"{slot} is the name of a profile, the path of one, or None, not {profile!r}")
    if profile.endswith((".yaml", ".yml")) or Path(profile).name != profile:
        return  # a file: reading it says what is wrong with it
    if profile not in shipped_profiles():
        raise ValueError(_unknown(f"profile in {slot}", profile, shipped_profiles()))


def _check_changes(changes: object, *, without_card: bool) -> None:
    if not isinstance(changes, Mapping):
        raise ValueError(f"changes is a dict of record names and bytes, not {changes!r}")
    for name, value in changes.items():
        if not isinstance(name, str) or not isinstance(value, bytes):
            raise ValueError(
                f"changes is a dict of record names and bytes; {name!r} has {type(value).__name__}"
            )
    if changes and without_card:
        raise ValueError("changes are those of the CPS, and the test has none (cps=None)")


def _unknown(what: str, name: object, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(str(name), names, 1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown {what}: {name!r}{hint}; there are {', '.join(names)}"
