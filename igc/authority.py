"""An authority of our own on disk: chains for persons and organisations, two CV roots, what they issue and its register.

Its keys are test keys in every sense: kept in a folder of their owner (0700, files 0600), enciphered only where the owner
gave a passphrase. None is shipped.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cached_property
from os import PathLike
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.oid import NameOID

from bifente.apdu.cvc import Cha, CvKey
from bifente.codes.holder import CardHolder
from bifente.codes.usage import CertificateUsage
from bifente.crypto import rsa
from bifente.igc import storage
from bifente.igc.caisses import CAISSE_DOMAIN, IssuedCaisse, caisse_extensions, caisse_subject
from bifente.igc.chains import (
    CA_NOT_AFTER,
    LEAF_SERIAL_SIZE,
    ORGANISATIONS,
    authority_files,
    ca_name,
    chain_files,
    cv_name,
    issuer_kind,
    pem,
    read_keys,
    sign,
)
from bifente.igc.crls import RevokedSerial, second, sign_crl
from bifente.igc.cvissuing import cv_certificate, issuer_signature
from bifente.igc.description import DOMAINS, AuthorityDescription, read_description
from bifente.igc.errors import AuthorityDamaged, CertificateRefused, IgcError
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.keyring import Keyring, PassphraseSource
from bifente.igc.keys import KeySource, Progress, make_keys
from bifente.igc.motherkeys import SHEET, MotherKeys
from bifente.igc.names import AnyGamme, AuthorityNames, Gamme, OrganisationGamme, PublicationUrls
from bifente.igc.oldlist import enter_old_list
from bifente.igc.organisations import OrganisationRequest
from bifente.igc.profiles import Extension, card_subject, leaf_extensions, subject, title_of
from bifente.igc.register import CertificatePurpose, IssuedCertificate, Register, RegisterTransaction
from bifente.igc.register.opening import FILE as REGISTER_FILE
from bifente.igc.register.store import SerialTaken
from bifente.igc.trust import TrustStore

CA_BITS = 4096
CV_BITS = 2048
LEAF_BITS = 2048
_MOST_DRAWS = 5
"""Of a serial number of 126 random bits: two alike are the fault of the random source."""


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
        description: AuthorityDescription,
        keys: Iterable[IssuingKey],
        *,
        passphrase: PassphraseSource | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Use :meth:`init` or :meth:`open`."""
        self.directory = directory
        self.description = description
        self.names = description.names
        self.issuing_keys = tuple(keys)
        """The keys of the roots and of the authorities below them, in the order of their making."""
        self.register = Register(directory / REGISTER_FILE, self._before_the_register)
        """What was issued, revoked and published."""
        self._cv_roots = description.cv_roots
        self._keyring = Keyring(directory, passphrase)
        self._clock = clock or _now

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
        urls: PublicationUrls | None = None,
        not_after: datetime = CA_NOT_AFTER,
        passphrase: PassphraseSource | None = None,
        progress: Progress | None = None,
        key_source: KeySource = rsa.generate,
    ) -> "Authority":
        """Make an authority in *directory*, or open the one that is there already.

        *environment* is ``T`` (everything marked TEST) or ``P`` (production-like, just as invented); *urls* is where it will
        be published; *passphrase* enciphers its private keys; *not_after* is when it ends. Four RSA-4096 and two RSA-2048 keys come from *key_source*. An error or an interruption leaves
        nothing behind. Raises IgcError or OSError; ValueError for another environment.
        """
        folder = Path(directory).resolve()
        names = AuthorityNames(environment, urls or PublicationUrls())
        if not storage.holds_authority(folder):
            storage.check_place(folder)
            sizes = {ca_name(kind, gamme): CA_BITS for kind in ("root", "persons") for gamme in Gamme}
            sizes |= {cv_name(domain): CV_BITS for domain in DOMAINS}
            keys = make_keys(sizes, key_source, progress)
            secret = passphrase() if passphrase is not None else None
            made = authority_files(names, keys, not_after=second(not_after), passphrase=secret)
            storage.write_directory(folder, made)
        authority = cls.open(folder, passphrase=passphrase)
        if authority.environment != environment:
            raise IgcError(
                f"{folder} holds an authority of environment {authority.environment}, not {environment}",
                hint="an authority has one environment: name another folder",
            )
        if urls is not None and authority.names.urls != urls:
            raise IgcError(
                f"{folder} holds an authority that is published at {authority.names.urls.base or 'no address'}",
                hint="its address stands in its certificates: name another folder",
            )
        return authority

    @classmethod
    def open(
        cls,
        directory: str | PathLike[str],
        *,
        passphrase: PassphraseSource | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> "Authority":
        """Open the authority in *directory*. *clock* says when something was issued.

        Raises AuthorityMissing or AuthorityDamaged.
        """
        folder = Path(directory).resolve()
        description = read_description(folder)
        gammes: list[AnyGamme] = [*Gamme, *(OrganisationGamme if _has_organisations(folder) else ())]
        keys = read_keys(folder, description.names, gammes)
        return cls(folder, description, keys, passphrase=passphrase, clock=clock)

    @property
    def environment(self) -> str:
        """``T`` or ``P``."""
        return self.names.environment

    @property
    def is_test(self) -> bool:
        """The authority certifies test cards (category 80) only; else none of them."""
        return self.names.is_test

    @property
    def certificates(self) -> dict[str, x509.Certificate]:
        """The authority certificates by the name of their file, roots first: four, and two more once an organisation was
        certified."""
        ordered = sorted(self.issuing_keys, key=lambda key: not key.root)
        return {key.name: key.certificate for key in ordered}

    def issuer(self, gamme: AnyGamme, *, root: bool = False) -> IssuingKey:
        """The key that issues now: the newest of the authority for persons or organisations, or of its root."""
        return [key for key in self.issuing_keys if key.gamme is gamme and key.root is root][-1]

    def issuer_of(self, certificate: x509.Certificate) -> IssuingKey | None:
        """The key that *certificate* names as its issuer's; None when it is of another authority."""
        return next((key for key in self.issuing_keys if key.issued(certificate)), None)

    def state_of(self, certificate: x509.Certificate) -> IssuedCertificate | None:
        """What the register says of *certificate*; None when it is of another authority, or was issued before there was a
        register and never revoked. Raises IgcError, OSError."""
        issuer = self.issuer_of(certificate)
        if issuer is None:
            return None
        with self.register.reading() as register:
            return register.get(issuer.name, certificate.serial_number)

    def above(self, key: IssuingKey) -> IssuingKey:
        """The key of the root that certified *key*; a root's is itself."""
        return key if key.root else self.issuer_of(key.certificate) or self.issuer(key.gamme, root=True)

    def chain(self, gamme: AnyGamme) -> tuple[x509.Certificate, x509.Certificate]:
        """The intermediate and the root above a card's certificates, or those of an organisation."""
        key = self.issuer(gamme)
        return key.certificate, self.above(key).certificate

    def chain_pem(self, gamme: AnyGamme) -> bytes:
        """:meth:`chain` as two PEM blocks."""
        return b"".join(pem(certificate) for certificate in self.chain(gamme))

    def trust_anchors(self) -> tuple[x509.Certificate, ...]:
        """The two roots, and that of organisations once there is one."""
        return tuple(key.certificate for key in self.issuing_keys if key.root)

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
            tuple(key.certificate for key in self.issuing_keys if not key.root),
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
        or the period does not lie within the authority's; OSError when it cannot be entered in the register.
        """
        self._check_category(holder.category)
        issuer = self.issuer(Gamme.of_card_type(holder.card_type))
        period = _period(not_before, not_after)
        return self._issue(
            issuer,
            card_subject(holder)
            if usage is CertificateUsage.TECHNICAL
            else subject(holder, title_of(holder)),
            public_key,
            period,
            leaf_extensions(self.names, holder, usage, public_key, issuer, *period),
            CertificatePurpose(usage.value),
            holder.card_number,
        )

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
        name = caisse_subject(self.names, regime, caisse, domain)
        issuer = self.organisations_issuer(key_source=key_source, progress=progress)
        period = _period(not_before, not_after)
        _check_period(issuer.certificate, *period)
        key = key_source(LEAF_BITS)
        certificate = self._issue(
            issuer,
            name,
            key.public_key(),
            period,
            caisse_extensions(self.names, key.public_key(), issuer),
            CertificatePurpose.CAISSE,
        )
        above = (issuer.certificate.public_bytes(serialization.Encoding.DER),)
        return IssuedCaisse(regime, caisse, key, certificate, above)

    def organisations_issuer(
        self, *, key_source: KeySource = rsa.generate, progress: Progress | None = None
    ) -> IssuingKey:
        """The key that issues for organisations; its chain is made when there is none yet. Raises IgcError, OSError."""
        self._make_organisations(key_source, progress)
        return self.issuer(OrganisationGamme.ELEMENTAIRE)

    def issue_organisation(
        self,
        request: OrganisationRequest,
        public_key: RSAPublicKey,
        not_before: datetime,
        not_after: datetime | None = None,
        *,
        progress: Progress | None = None,
        key_source: KeySource = rsa.generate,
    ) -> bytes:
        """Issue a certificate (DER) for a server or for software; *key_source* is for the chain, when there is none yet.

        Without *not_after* it is three years later, for a server a month more. Raises CertificateRefused, OSError.
        """
        name = request.subject(self.names)
        issuer = self.organisations_issuer(key_source=key_source, progress=progress)
        begin = second(not_before)
        period = _period(begin, not_after or request.end(three_years_after(begin)))
        extensions = request.extensions(self.names, public_key, issuer, period)
        return self._issue(issuer, name, public_key, period, extensions, request.purpose)

    def _issue(
        self,
        issuer: IssuingKey,
        name: x509.Name,
        public_key: RSAPublicKey,
        period: tuple[datetime, datetime],
        extensions: Iterable[Extension],
        purpose: CertificatePurpose,
        card: str = "",
    ) -> bytes:
        """Sign a certificate (DER) and enter it in the register, before anybody has it."""
        _check_period(issuer.certificate, *period)
        signer = self.private_key(issuer)
        made = tuple(extensions)
        holder = _common_name(name)
        for _ in range(_MOST_DRAWS):
            certificate = sign(
                name, issuer.certificate.subject, public_key, period, LEAF_SERIAL_SIZE, made, signer
            )
            with suppress(SerialTaken), self.register.writing() as register:
                register.record(
                    issuer.name, certificate, purpose, holder=holder, card=card, issued=self._clock()
                )
                return certificate.public_bytes(serialization.Encoding.DER)
        raise AuthorityDamaged(
            self.register.path, "has each serial number that was drawn: the random source is broken"
        )

    def _make_organisations(self, key_source: KeySource, progress: Progress | None) -> None:
        """See that there is a chain for organisations; another process may be making one just now."""
        gamme = OrganisationGamme.ELEMENTAIRE
        if any(key.gamme is gamme for key in self.issuing_keys):
            return
        if not _has_organisations(self.directory):
            storage.check_place(self.directory / ORGANISATIONS)
            named = [ca_name(kind, gamme) for kind in ("root", issuer_kind(gamme))]
            keys = make_keys(dict.fromkeys(named, CA_BITS), key_source, progress)
            files = chain_files(self.names, gamme, keys, passphrase=self._keyring.passphrase())
            storage.write_directory(
                self.directory / ORGANISATIONS,
                {Path(name).name: content for name, content in files.items()},
                lambda _: _has_organisations(self.directory),
            )
        self.take_keys(gamme)

    def take_keys(self, gamme: AnyGamme) -> None:
        """Know the keys of *gamme* that were made after this authority was opened, here or by another process."""
        found = read_keys(self.directory, self.names, [gamme])
        known = {key.name: key for key in (*self.issuing_keys, *found)}
        self.issuing_keys = tuple(known.values())
        self.__dict__.pop("trust_store", None)
        with self.register.writing() as register:
            self._record_authorities(register)

    def issue_cv(
        self, *, domain: str, pan: bytes, cha: Cha, public_key: RSAPublicKey, effective: date, expiry: date
    ) -> bytes:
        """Issue the CV certificate of a card (359 bytes) with the CV root of *domain* (``C`` or ``V``).

        The holder's reference is two zero bytes and *pan*, 10 bytes. Raises CertificateRefused.
        """
        root = self.cv_root(domain)
        self._check_category(cha.g01)
        return cv_certificate(root, self._cv_key(domain), pan, cha, public_key, (effective, expiry))

    def sign_contents(self, *, domain: str, pan: bytes, digests: Mapping[int, bytes], day: date) -> bytes:
        """Sign what stands on a card with the CV root of *domain* (``C`` or ``V``): the content of its EF.

        *digests* has the SHA-256 of each file by its FID; *pan* 10 bytes; *day* is when it is signed. Raises
        CertificateRefused. See :mod:`bifente.apdu.issuersignature`.
        """
        return issuer_signature(self.cv_root(domain), self._cv_key(domain), pan, digests, day)

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
        """A revocation list (DER) of an authority for persons, or of its root, that the register knows nothing of: *revoked*
        are serials and times. What was revoked is told by :class:`bifente.igc.status.RevocationLists`."""
        issuer = self.issuer(gamme, root=root)
        entries = [RevokedSerial(serial, when) for serial, when in revoked]
        return sign_crl(
            issuer.certificate.subject,
            self.private_key(issuer),
            entries,
            this_update=this_update,
            next_update=next_update,
            number=number,
        )

    def key_pem(self, key: RSAPrivateKey) -> bytes:
        """A new private key as a file of this authority holds it: enciphered when the others are. Raises WrongPassphrase."""
        return rsa.private_pem(key, self._keyring.passphrase())

    def private_key(self, issuer: IssuingKey) -> RSAPrivateKey:
        """The private half of one of :attr:`issuing_keys`. Raises AuthorityDamaged, WrongPassphrase, OSError."""
        return self._keyring.key(issuer.name, issuer.certificate.public_key())

    def _check_category(self, category: int) -> None:
        if bool(category & 0x80) is not self.is_test:
            kind, other = ("test", "real-like") if self.is_test else ("production-like", "test")
            raise CertificateRefused(
                f"a {kind} authority does not certify a {other} card (category {category:02X})",
                hint="use an authority of the card's environment",
            )

    def _cv_key(self, domain: str) -> RSAPrivateKey:
        root = self._cv_roots[domain]
        return self._keyring.key(cv_name(domain), rsa.public_key(root.n, root.e))

    def _before_the_register(self, register: RegisterTransaction) -> None:
        """What a new register is told: the authorities below the roots, and who was opposed before there was one."""
        self._record_authorities(register)
        enter_old_list(self.directory, register, self._clock())

    def _record_authorities(self, register: RegisterTransaction) -> None:
        """Enter the authorities below the roots, so that they can be revoked."""
        for key in self.issuing_keys:
            above = self.above(key)
            if not key.root and register.get(above.name, key.certificate.serial_number) is None:
                register.record(
                    above.name,
                    key.certificate,
                    CertificatePurpose.AUTHORITY,
                    holder=_common_name(key.certificate.subject),
                    issued=self._clock(),
                )

    def __repr__(self) -> str:
        return f"Authority({str(self.directory)!r}, environment={self.environment!r})"


def _has_organisations(directory: Path) -> bool:
    return (directory / ORGANISATIONS).is_dir()


def _common_name(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _period(not_before: datetime, not_after: datetime | None) -> tuple[datetime, datetime]:
    start = second(not_before)
    return start, second(not_after) if not_after is not None else three_years_after(start)


def _check_period(issuer: x509.Certificate, start: datetime, end: datetime) -> None:
    first, last = issuer.not_valid_before_utc, issuer.not_valid_after_utc
    if not first <= start < end <= last:
        raise CertificateRefused(
            f"a certificate from {start:%Y-%m-%d} to {end:%Y-%m-%d} does not lie within the authority's validity",
            hint=f"choose dates from {first:%Y} to {last:%Y}",
        )


def _now() -> datetime:
    return datetime.now(UTC)
