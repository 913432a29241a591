"""Personalisation: from a profile to a card, and back.

What stands here is imported when it is first used: the models of the profiles are not needed to look at a card.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.applets.perso.build import personalise
    from bifente.applets.perso.errors import ContentError, PathError, PersoError, Problem, ProfileError
    from bifente.applets.perso.issuer import Issuer
    from bifente.applets.perso.keys import KeySource
    from bifente.applets.perso.profile import ProfessionalProfile, T1TestProfile
    from bifente.applets.perso.profilefile import AnyProfile, parse_profile, read_profile
    from bifente.applets.perso.shipped import shipped_profiles
    from bifente.applets.perso.vitaleprofile import VitaleProfile

__all__ = [
    "AnyProfile",
    "ContentError",
    "Issuer",
    "KeySource",
    "PathError",
    "PersoError",
    "Problem",
    "ProfessionalProfile",
    "ProfileError",
    "T1TestProfile",
    "VitaleProfile",
    "parse_profile",
    "personalise",
    "read_profile",
    "shipped_profiles",
]

_MODULES = {
    "personalise": "build",
    **dict.fromkeys(("ContentError", "PathError", "PersoError", "Problem", "ProfileError"), "errors"),
    "Issuer": "issuer",
    "KeySource": "keys",
    **dict.fromkeys(("ProfessionalProfile", "T1TestProfile"), "profile"),
    **dict.fromkeys(("AnyProfile", "parse_profile", "read_profile"), "profilefile"),
    "shipped_profiles": "shipped",
    "VitaleProfile": "vitaleprofile",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
