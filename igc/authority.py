"""An authority of our own on disk: two chains for persons, two CV roots, and what they issue.

Its keys are test keys in every sense: kept unencrypted in a folder of their owner (0700, files 0600). None is shipped.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from os import PathLike
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bifente.apdu.cvc import Car, Cha, CvContent, CvEnvelope, CvError, CvKey
from bifente.apdu.issuersignature import IssuerSignature
from bifente.codes.holder import CardHolder
from bifente.codes.usage import CertificateUsage
from bifente.crypto import iso9796, rsa
from bifente.crypto.errors import CryptoError
from bifente.documents import DocumentError, Fields, parse_json
from bifente.igc import storage
from bifente.igc.caisses import CAISSE_DOMAIN, IssuedCaisse, caisse_extensions, caisse_subject
from bifente.igc.chains import LEAF_SERIAL_SIZE, ORGANISATIONS, ca_name, chain_files, issuer_kind, pem, sign
from bifente.igc.errors import AuthorityDamaged, CertificateRefused, IgcError
from bifente.igc.keys import KeySource, Progress, make_keys
from bifente.igc.motherkeys import SHEET, MotherKeys
from bifente.igc.names import AnyGamme, AuthorityNames, Gamme, OrganisationGamme
from bifente.igc.profiles import (
    card_subject,
    leaf_extensions,
    subject,
    title_of,
)
from bifente.igc.trust import TrustStore

FORMAT = 1
"""The number in ``authority.json``; a folder with a higher one is refused."""

CA_BITS = 4096
CV_BITS = 2048
LEAF_BITS = 2048

_DOMAINS = ("C", "V")
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{1,2048}")
_MOST_EXPONENT = (1 << 32) - 1


def three_years_after(start: datetime) -> datetime:
    """The end of validity of a card's certificate: three years later to the second (29 February becomes the 28th)."""
    try:
        return start.replace(year=start.year + 3)
    except ValueError:
        return start.replace(year=start.year + 3, day=28)


class Authority:
    """An authority in a folder. Certificates are read at once, private keys when they are first used."""

    def __init__(
        self,
        directory: Path,
        names: AuthorityNames,
        roots: Mapping[AnyGamme, x509.Certificate],
        intermediates: Mapping[AnyGamme, x509.Certificate],
        cv_roots: Mapping[str, CvKey],
    ) -> None:
        """Use :meth:`init` or :meth:`open`."""
        self.directory = directory
        self._names = names
        self._roots = dict(roots)
        self._intermediates = dict(intermediates)
        self._cv_roots = cv_roots
        self._keys: dict[str, RSAPrivateKey] = {}

    @classmethod
    def exists(cls, directory: str | PathLike[str]) -> bool:
        """True when there is an authority in *directory*. Raises DirectoryOccupied when something else is; OSError."""
        return storage.holds_authority(Path(directory).resolve())

    @classmethod
    def init(
        cls,
        directory: str | PathLike[str],
        *,
        environment: str = "T",
        progress: Progress | None = None,
        key_source: KeySource = rsa.generate,
    ) -> "Authority":
        """Make an authority in *directory*, or open the one that is there already.

        *environment* is ``T`` (everything marked TEST) or ``P`` (production-like, just as invented). Four RSA-4096 and
        two RSA-2048 keys come from *key_source*. An error or an interruption leaves nothing behind. Raises IgcError or
        OSError; ValueError for another environment.
        """
        folder = Path(directory).resolve()
        names = AuthorityNames(environment)
        if not storage.holds_authority(folder):
            sizes = {ca_name(kind, gamme): CA_BITS for kind in ("root", "persons") for gamme in Gamme}
            sizes |= {_cv_name(domain): CV_BITS for domain in _DOMAINS}
            keys = make_keys(sizes, key_source, progress)
            storage.write_directory(folder, _files(names, keys))
        authority = cls.open(folder)
        if authority.environment != environment:
            raise IgcError(
                f"{folder} holds an authority of environment {authority.environment}, not {environment}",
                hint="an authority has one environment: name another folder",
            )
        return authority

    @classmethod
    def open(cls, directory: str | PathLike[str]) -> "Authority":
        """Open the authority in *directory*. Raises AuthorityMissing or AuthorityDamaged."""
        folder = Path(directory).resolve()
        description = folder / storage.DESCRIPTION
        try:
            facts = Fields(
                parse_json(storage.read_file(folder, storage.DESCRIPTION), str(description)),
                str(description),
            )
            number = facts.integer("format", 1)
            if number > FORMAT:
                newer = f"has format {number}, newer than {FORMAT}"
                raise AuthorityDamaged(description, newer, hint="update bifente")
            names = _names(facts)
            cv_roots = {
                domain: _cv_root(facts.object("cv_roots").object(domain), domain, names.environment)
                for domain in _DOMAINS
            }
        except DocumentError as error:
            where = f" (line {error.line})" if error.line else f" ({error.field})" if error.field else ""
            raise AuthorityDamaged(
                description, f"is not the description of an authority: {error.message}{where}"
            ) from None
        gammes: list[AnyGamme] = [*Gamme, *(OrganisationGamme if _has_organisations(folder) else ())]
        roots, intermediates = _chains(folder, names, gammes)
        return cls(folder, names, roots, intermediates, cv_roots)

    @property
    def environment(self) -> str:
        """``T`` or ``P``."""
        return self._names.environment

    @property
    def is_test(self) -> bool:
        """The authority certifies test cards (category 80) only; else none of them."""
        return self._names.is_test

    @property
    def certificates(self) -> dict[str, x509.Certificate]:
        """The authority certificates by the name of their file, roots first: four, and two more once an organisation was
        certified."""
        roots = {ca_name("root", gamme): made for gamme, made in self._roots.items()}
        return roots | {
            ca_name(issuer_kind(gamme), gamme): made for gamme, made in self._intermediates.items()
        }

    def chain(self, gamme: AnyGamme) -> tuple[x509.Certificate, x509.Certificate]:
        """The intermediate and the root above a card's certificates, or those of an organisation."""
        return self._intermediates[gamme], self._roots[gamme]

    def chain_pem(self, gamme: AnyGamme) -> bytes:
        """:meth:`chain` as two PEM blocks."""
        return b"".join(pem(certificate) for certificate in self.chain(gamme))

    def trust_anchors(self) -> tuple[x509.Certificate, ...]:
        """The two roots, and that of organisations once there is one."""
        return tuple(self._roots.values())

    def cv_root(self, domain: str) -> CvKey:
        """The public CV root of ``C`` (held by Vitales) or ``V`` (held by professionals' cards)."""
        if domain not in self._cv_roots:
            raise IgcError(f"the domain of a CV root is C or V, not {domain!r}")
        return self._cv_roots[domain]

    @cached_property
    def trust_store(self) -> TrustStore:
        """The public half of this authority, and the key by which a caisse checks what a Vitale 1 certifies, if there is one."""
        return TrustStore(
            self.trust_anchors(),
            tuple(self._intermediates.values()),
            tuple(self._cv_roots.values()),
            () if (made := MotherKeys.there(self.directory)) is None else (made.mother(SHEET),),
        )

    @cached_property
    def mother_keys(self) -> MotherKeys:
        """The secret keys from which those of each carte Vitale 1 come, made when first needed. Raises OSError."""
        keys = MotherKeys.of(self.directory)
        self.__dict__.pop("trust_store", None)
        return keys

    def mother_key(self, use: str) -> bytes:
        """A mother key, 16 bytes: what a professional's card holds (:mod:`bifente.igc.motherkeys`)."""
        return self.mother_keys.mother(use)

    def card_key(self, use: str, pan: bytes) -> bytes:
        """The key of one card, 16 bytes, derived from a mother key by its number."""
        return self.mother_keys.of_card(use, pan)

    def issue_certificate(
        self,
        holder: CardHolder,
        public_key: RSAPublicKey,
        usage: CertificateUsage,
        not_before: datetime,
        not_after: datetime | None = None,
    ) -> bytes:
        """Issue one of a card's X.509 certificates; DER.

        Times are cut to the second, naive ones are UTC; without *not_after* it is three years later. Raises
        CertificateRefused when the holder's category is of the other environment, its data do not make a certificate,
        or the period does not lie within the authority's.
        """
        start = _second(not_before)
        end = _second(not_after) if not_after is not None else three_years_after(start)
        self._check_category(holder.category)
        gamme = Gamme.of_card_type(holder.card_type)
        issuer, _ = self.chain(gamme)
        _check_period(issuer, start, end)
        signer = self._ca_key("persons", gamme, issuer)
        return sign(
            card_subject(holder)
            if usage is CertificateUsage.TECHNICAL
            else subject(holder, title_of(holder)),
            issuer.subject,
            public_key,
            (start, end),
            LEAF_SERIAL_SIZE,
            leaf_extensions(self._names, holder, usage, public_key, signer.public_key(), start, end),
            signer,
        ).public_bytes(serialization.Encoding.DER)

    def issue_caisse(
        self,
        regime: str,
        caisse: str,
        *,
        not_before: datetime,
        not_after: datetime | None = None,
        domain: str = CAISSE_DOMAIN,
        key_source: KeySource = rsa.generate,
        progress: Progress | None = None,
    ) -> IssuedCaisse:
        """A key and certificate for the caisse of a régime (``"01"``, ``"349"``): to encipher for it, and for it to sign.

        The chain ELEMENTAIRE ORGANISATIONS is made and kept when the first organisation is certified: from then on it
        belongs to the trust store. Times are cut to the second, naive ones are UTC; without *not_after* it is three years
        later. Raises CertificateRefused, OSError.
        """
        name = caisse_subject(self._names, regime, caisse, domain)
        start = _second(not_before)
        end = _second(not_after) if not_after is not None else three_years_after(start)
        gamme = OrganisationGamme.ELEMENTAIRE
        self._make_organisations(key_source, progress)
        issuer, _ = self.chain(gamme)
        _check_period(issuer, start, end)
        signer = self._ca_key(issuer_kind(gamme), gamme, issuer)
        key = key_source(LEAF_BITS)
        certificate = sign(
            name,
            issuer.subject,
            key.public_key(),
            (start, end),
            LEAF_SERIAL_SIZE,
            caisse_extensions(self._names, key.public_key(), signer.public_key()),
            signer,
        )
        der = serialization.Encoding.DER
        return IssuedCaisse(regime, caisse, key, certificate.public_bytes(der), (issuer.public_bytes(der),))

    def _make_organisations(self, key_source: KeySource, progress: Progress | None) -> None:
        """See that there is a chain for organisations; another process may be making one just now."""
        gamme = OrganisationGamme.ELEMENTAIRE
        if gamme in self._roots:
            return
        if not _has_organisations(self.directory):
            named = [ca_name(kind, gamme) for kind in ("root", issuer_kind(gamme))]
            keys = make_keys(dict.fromkeys(named, CA_BITS), key_source, progress)
            files = chain_files(self._names, gamme, keys)
            storage.write_directory(
                self.directory / ORGANISATIONS,
                {Path(name).name: content for name, content in files.items()},
                lambda _: _has_organisations(self.directory),
            )
        roots, intermediates = _chains(self.directory, self._names, [gamme])
        self._roots |= roots
        self._intermediates |= intermediates
        self.__dict__.pop("trust_store", None)

    def issue_cv(
        self, *, domain: str, pan: bytes, cha: Cha, public_key: RSAPublicKey, effective: date, expiry: date
    ) -> bytes:
        """Issue the CV certificate of a card (359 bytes) with the CV root of *domain* (``C`` or ``V``).

        The holder's reference is two zero bytes and *pan*, 10 bytes. Raises CertificateRefused.
        """
        root = self.cv_root(domain)
        car = Car.parse(root.car)
        if len(pan) != 10:
            raise CertificateRefused(f"a PAN has 10 bytes, not {len(pan)}")
        if cha.domain != car.cha_domain:
            raise CertificateRefused(f"the CV root {car} does not certify cards of domain {cha.domain:02X}")
        self._check_category(cha.g01)
        numbers = public_key.public_numbers()
        try:
            content = CvContent(car, bytes(2) + pan, cha, effective, expiry, numbers.n, numbers.e).encode()
        except CvError as error:
            raise CertificateRefused(str(error)) from None
        signature, remainder = iso9796.sign(self._cv_key(domain), content)
        return CvEnvelope(signature, remainder, root.car).encode()

    def sign_contents(self, *, domain: str, pan: bytes, digests: Mapping[int, bytes], day: date) -> bytes:
        """Sign what stands on a card with the CV root of *domain* (``C`` or ``V``): the content of its EF.

        *digests* has the SHA-256 of each file by its FID; *pan* 10 bytes; *day* is when it is signed. Raises
        CertificateRefused. See :mod:`bifente.apdu.issuersignature`.
        """
        root = self.cv_root(domain)
        if len(pan) != 10:
            raise CertificateRefused(f"a PAN has 10 bytes, not {len(pan)}")
        unsigned = IssuerSignature(root.car, bytes(2) + pan, day, dict(sorted(digests.items())))
        signature = rsa.sign_message(self._cv_key(domain), unsigned.message)
        return replace(unsigned, signature=signature).encode()

    def crl(
        self,
        gamme: AnyGamme,
        revoked: Iterable[tuple[int, datetime]] = (),
        *,
        this_update: datetime,
        next_update: datetime,
        number: int = 1,
        root: bool = False,
    ) -> bytes:
        """The revocation list (DER) of an authority for persons, or of its root; *revoked* are serials and times."""
        intermediate, root_certificate = self.chain(gamme)
        issuer, kind = (root_certificate, "root") if root else (intermediate, issuer_kind(gamme))
        signer = self._ca_key(kind, gamme, issuer)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(_second(this_update))
            .next_update(_second(next_update))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
            .add_extension(x509.CRLNumber(number), False)
        )
        for serial, when in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_second(when))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _check_category(self, category: int) -> None:
        if bool(category & 0x80) is not self.is_test:
            kind, other = ("test", "real-like") if self.is_test else ("production-like", "test")
            raise CertificateRefused(
                f"a {kind} authority does not certify a {other} card (category {category:02X})",
                hint="use an authority of the card's environment",
            )

    def _ca_key(self, kind: str, gamme: AnyGamme, certificate: x509.Certificate) -> RSAPrivateKey:
        return self._key(ca_name(kind, gamme), certificate.public_key())

    def _cv_key(self, domain: str) -> RSAPrivateKey:
        root = self._cv_roots[domain]
        return self._key(_cv_name(domain), rsa.public_key(root.n, root.e))

    def _key(self, name: str, public_key: object) -> RSAPrivateKey:
        key = self._keys.get(name)
        if key is None:
            path = self.directory / f"{name}.key"
            try:
                key = rsa.load_private_pem(storage.read_file(self.directory, f"{name}.key"), validate=False)
            except CryptoError as error:
                raise AuthorityDamaged(path, str(error)) from None
            if key.public_key() != public_key:
                raise AuthorityDamaged(path, "is not the key of the certificate beside it")
            self._keys[name] = key
        return key

    def __repr__(self) -> str:
        return f"Authority({str(self.directory)!r}, environment={self.environment!r})"


def _has_organisations(directory: Path) -> bool:
    return (directory / ORGANISATIONS).is_dir()


def _chains(
    folder: Path, names: AuthorityNames, gammes: Iterable[AnyGamme]
) -> tuple[dict[AnyGamme, x509.Certificate], dict[AnyGamme, x509.Certificate]]:
    """The roots and the issuing authorities of the gammes. Raises AuthorityDamaged."""
    roots: dict[AnyGamme, x509.Certificate] = {}
    intermediates: dict[AnyGamme, x509.Certificate] = {}
    for gamme in gammes:
        for kind, made, name in (
            ("root", roots, names.root(gamme)),
            (issuer_kind(gamme), intermediates, names.intermediate(gamme)),
        ):
            file = ca_name(kind, gamme)
            made[gamme] = _certificate(folder, file)
            if made[gamme].subject != name:
                raise AuthorityDamaged(folder / f"{file}.pem", "is the certificate of another authority")
    return roots, intermediates


def _check_period(issuer: x509.Certificate, start: datetime, end: datetime) -> None:
    first, last = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    if not first <= start < end <= last:
        raise CertificateRefused(
            f"a certificate from {start:%Y-%m-%d} to {end:%Y-%m-%d} does not lie within the authority's validity",
            hint=f"choose dates from {first:%Y} to {last:%Y}",
        )


def _cv_name(domain: str) -> str:
    return f"cv-{domain.lower()}"


def _second(when: datetime) -> datetime:
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.replace(microsecond=0)


def _files(names: AuthorityNames, keys: Mapping[str, RSAPrivateKey]) -> dict[str, bytes]:
    """Everything that is in the folder of a new authority; the description last."""
    files = {f"{name}.key": rsa.private_pem(key) for name, key in keys.items() if name.startswith("cv-")}
    for gamme in Gamme:
        files |= chain_files(names, gamme, keys)
    cv_roots = {}
    for domain in _DOMAINS:
        numbers = keys[_cv_name(domain)].public_key().public_numbers()
        car = Car(domain, names.environment)
        cv_roots[domain] = {"car": str(car), "n": f"{numbers.n:x}", "e": numbers.e}
    facts = {"format": FORMAT, "environment": names.environment, "cv_roots": cv_roots}
    files[storage.DESCRIPTION] = json.dumps(facts, indent=2).encode() + b"\n"
    return files


def _names(facts: Fields) -> AuthorityNames:
    """The names in the description's environment. Raises DocumentError."""
    try:
        return AuthorityNames(facts.text("environment"))
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


def _certificate(folder: Path, name: str) -> x509.Certificate:
    path = folder / f"{name}.pem"
    try:
        return x509.load_pem_x509_certificate(storage.read_file(folder, f"{name}.pem"))
    except ValueError:
        raise AuthorityDamaged(path, "is not a certificate") from None
