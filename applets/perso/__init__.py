"""Personalisation: from a profile to a card, and back."""

from bifente.applets.perso.build import personalise
from bifente.applets.perso.errors import ContentError, PathError, PersoError, Problem, ProfileError
from bifente.applets.perso.issuer import Issuer
from bifente.applets.perso.keys import KeySource
from bifente.applets.perso.profile import ProfessionalProfile, T1TestProfile
from bifente.applets.perso.profilefile import AnyProfile, parse_profile, read_profile, shipped_profiles
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
