"""Personalisation: from a profile to a card, and back.

What stands here is imported when it is first used: the models of the profiles are not needed to look at a card.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.applets.perso.errors import ContentError, PathError, PersoError, ProfileError, ProfileProblem
    from bifente.applets.perso.issuer import Issuer
    from bifente.applets.perso.make.build import personalise
    from bifente.applets.perso.make.keys import KeySource
    from bifente.applets.perso.make.profilefiles import parse_profile, read_profile
    from bifente.applets.perso.profile.model import Profile
    from bifente.applets.perso.profile.shipped import shipped_profiles

__all__ = [
    "ContentError",
    "Issuer",
    "KeySource",
    "PathError",
    "PersoError",
    "Profile",
    "ProfileError",
    "ProfileProblem",
    "parse_profile",
    "personalise",
    "read_profile",
    "shipped_profiles",
]

_MODULES = {
    "personalise": "make.build",
    **dict.fromkeys(("ContentError", "PathError", "PersoError", "ProfileProblem", "ProfileError"), "errors"),
    "Issuer": "issuer",
    "KeySource": "make.keys",
    "Profile": "profile.model",
    **dict.fromkeys(("parse_profile", "read_profile"), "make.profilefiles"),
    "shipped_profiles": "profile.shipped",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
