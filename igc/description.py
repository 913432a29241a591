"""``authority.json``: what an authority says of itself beside its certificates."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bifente.apdu.cvc import Car, CvError, CvKey
from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError
from bifente.documents import DocumentError, Fields, parse_json
from bifente.igc import storage
from bifente.igc.errors import AuthorityDamaged
from bifente.igc.names import AuthorityNames, PublicationUrls

FORMAT: Final = 2
"""The number in ``authority.json``; a folder with a higher one is refused. 1: made before there was a register, so that the
authority does not know everything that it has issued."""

DOMAINS: Final = ("C", "V")
_HEXADECIMAL: Final = re.compile("[0-9A-Fa-f]{1,2048}")
_MOST_EXPONENT: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class AuthorityDescription:
    """The names of an authority, its public CV roots, and the format in which its folder was made."""

    names: AuthorityNames
    cv_roots: Mapping[str, CvKey]
    format: int = FORMAT

    def document(self) -> bytes:
        """As ``authority.json`` holds it."""
        facts: dict[str, object] = {"format": self.format, "environment": self.names.environment}
        urls = self.names.urls
        if urls.base or urls.ldap:
            facts["urls"] = {"base": urls.base, "ldap": urls.ldap}
        facts["cv_roots"] = {
            domain: {"car": root.car.decode(), "n": f"{root.n:x}", "e": root.e}
            for domain, root in self.cv_roots.items()
        }
        return json.dumps(facts, indent=2).encode() + b"\n"


def read_description(folder: Path) -> AuthorityDescription:
    """The description of the authority in *folder*. Raises AuthorityMissing, AuthorityDamaged, OSError."""
    path = folder / storage.DESCRIPTION
    try:
        facts = Fields(parse_json(storage.read_file(folder, storage.DESCRIPTION), str(path)), str(path))
        number = facts.integer("format", 1)
        if number > FORMAT:
            raise AuthorityDamaged(path, f"has format {number}, newer than {FORMAT}", hint="update bifente")
        names = _names(facts)
        cv_roots = {
            domain: _cv_root(facts.object("cv_roots").object(domain), domain, names.environment)
            for domain in DOMAINS
        }
    except DocumentError as error:
        where = f" (line {error.line})" if error.line else f" ({error.field})" if error.field else ""
        raise AuthorityDamaged(
            path, f"is not the description of an authority: {error.message}{where}"
        ) from None
    return AuthorityDescription(names, cv_roots, number)


def _names(facts: Fields) -> AuthorityNames:
    """The names in the description's environment. Raises DocumentError."""
    urls = PublicationUrls()
    if facts.has("urls"):
        inner = facts.object("urls")
        try:
            urls = PublicationUrls(inner.text("base"), inner.text("ldap"))
        except ValueError as error:
            facts.refuse(str(error), "urls")
    try:
        return AuthorityNames(facts.text("environment"), urls)
    except ValueError:
        facts.refuse("T or P was expected", "environment")


def _cv_root(fields: Fields, domain: str, environment: str) -> CvKey:
    """A CV root as the description tells it. Raises DocumentError when it is none."""
    car, modulus = fields.text("car").encode(), fields.text("n")
    try:
        parsed = Car.parse(car)
    except CvError as error:
        fields.refuse(str(error), "car")
    if (parsed.domain, parsed.environment) != (domain, environment):
        fields.refuse("the name of another root", "car")
    if not _HEXADECIMAL.fullmatch(modulus):
        fields.refuse("a number in hexadecimal was expected", "n")
    root = CvKey(car, int(modulus, 16), fields.integer("e", 3, _MOST_EXPONENT))
    try:
        rsa.public_key(root.n, root.e)
    except CryptoError as error:
        fields.refuse(str(error), "n")
    return root
