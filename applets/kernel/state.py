"""What a card knows: the persistent part, in its store, and the volatile part, which reset replaces by a fresh one.

The volatile part is what each logical channel has of its own, and what has been proven to the card as a whole.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from bifente.apdu.cvc import Cha, CvKey
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Operation
from bifente.apdu.messaging import Protection, next_counter
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.files import Directory, File
from bifente.applets.kernel.recordjson import read_json
from bifente.applets.store.stores import Store
from bifente.layouts.access import NEVER, Rule
from bifente.layouts.nodes import Crt, PinObject
from bifente.slotted import dataclass, field

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass(frozen=True, slots=True)
class CardIdentity:
    """What the card's own CV certificate calls it: CHR (12 bytes) and CHA."""

    chr: bytes
    cha: Cha


class PinState:
    """A PIN's value and counters, its rules and the names of its records. The value never shows."""

    __slots__ = (
        "change",
        "definition",
        "label",
        "left",
        "left_record",
        "reset",
        "uses_left",
        "uses_record",
        "value",
        "verify",
    )

    def __init__(self, definition: PinObject, value: bytes, left: int, uses_left: int | None) -> None:
        self.definition = definition
        self.label = f"PIN {definition.reference:02X}"
        self.value = value
        self.left = left
        self.uses_left = uses_left
        self.change: Rule = definition.access.get(Operation.CHANGE, NEVER)
        self.verify: Rule = definition.access.get(Operation.VERIFY, NEVER)
        self.reset: Rule = definition.access.get(Operation.RESET, NEVER)
        prefix = pin_record(definition.reference)
        self.left_record = f"{prefix}/left"
        self.uses_record = f"{prefix}/uses"

    @property
    def blocked(self) -> bool:
        """No try or no use is left."""
        return self.left == 0 or self.uses_left == 0

    def __repr__(self) -> str:
        return f"PinState({self.definition.name!r}, {self.left} tries left)"


class Persistent:
    """The part of a card that survives: read from its store when needed, written through :meth:`commit`."""

    def __init__(self, store: Store, pins: tuple[PinObject, ...]) -> None:
        self.store = store
        self.pins = {pin.reference: self._pin(pin) for pin in pins}
        self._keys: dict[str, RSAPrivateKey] = {}
        self._roots: dict[bytes, CvKey] | None = None
        self._identity: CardIdentity | None = None

    def _record(self, name: str) -> bytes:
        try:
            return self.store.get(name)
        except KeyError:
            raise CorruptCard(name, "it is missing") from None

    def _pin(self, definition: PinObject) -> PinState:
        prefix = pin_record(definition.reference)
        left = self._record(f"{prefix}/left")
        uses: int | None = None
        if definition.uses is not None:
            uses = int.from_bytes(self._record(f"{prefix}/uses"), "big")
        if len(left) != 1 or left[0] > definition.tries:
            raise CorruptCard(f"{prefix}/left", f"a counter of 0 to {definition.tries} was expected")
        return PinState(definition, self._record(prefix), left[0], uses)

    def commit(self, changes: dict[str, bytes | None]) -> None:
        """Write *changes* all together; when it returns they stand."""
        self.store.commit(changes)

    def consume_try(self, pin: PinState) -> None:
        """Take one try, for good, before anything is compared."""
        left = pin.left - 1
        self.store.commit({pin.left_record: _BYTES[left]})
        pin.left = left

    def accept(self, pin: PinState, also: dict[str, bytes | None] | None = None) -> None:
        """The comparison succeeded: the tries are restored, one use is counted, *also* is written with them."""
        tries = pin.definition.tries
        changes: dict[str, bytes | None] = {pin.left_record: _BYTES[tries]}
        uses = pin.uses_left
        if uses is not None:
            uses -= 1
            changes[pin.uses_record] = uses.to_bytes(2, "big")
        if also:
            changes.update(also)
        self.store.commit(changes)
        pin.left = tries
        pin.uses_left = uses

    def private_key(self, directory: Directory, reference: int) -> "RSAPrivateKey | None":
        """A private key, loaded when first used; None when the card holds none of that reference."""
        name = key_record(directory.path, reference)
        key = self._keys.get(name)
        if key is None:
            try:
                pkcs8 = self.store.get(name)
            except KeyError:
                return None
            from bifente.crypto import rsa  # a reader is ready before any card signs

            key = self._keys[name] = rsa.load_private(pkcs8, validate=False)
        return key

    def put_key(self, directory: Directory, reference: int, key: "RSAPrivateKey") -> None:
        """A key that was made in the card stands in the place of any other."""
        from bifente.crypto import rsa

        name = key_record(directory.path, reference)
        self.store.commit({name: rsa.private_bytes(key)})
        self._keys[name] = key

    def secret(self, path: str, reference: int) -> bytes | None:
        """A key of triple DES of the directory *path*; None when the card holds none of that reference."""
        try:
            return self.store.get(secret_record(path, reference))
        except KeyError:
            return None

    def cv_root(self, car: bytes) -> CvKey | None:
        """The authority's key that certificates name by *car*."""
        if self._roots is None:
            self._roots = {}
            for name in self.store.names(ROOT_PREFIX):
                root = decode_root(name, self.store.get(name))
                self._roots[root.car] = root
        return self._roots.get(car)

    @property
    def latest_date(self) -> date:
        """The latest effective date in the certificate of a card that has proven itself, or that of personalisation."""
        try:
            return date.fromisoformat(self._record(DATE_RECORD).decode("ascii"))
        except ValueError:
            raise CorruptCard(DATE_RECORD, "not a date") from None

    def keep_date(self, shown: date) -> None:
        """A card whose certificate holds since *shown* has proven itself: nothing that ended before holds any more."""
        if shown > self.latest_date:
            self.store.commit({DATE_RECORD: shown.isoformat().encode()})

    @property
    def identity(self) -> CardIdentity:
        """Who the card is in a recognition."""
        if self._identity is None:
            self._identity = decode_identity(self._record(IDENTITY_RECORD))
        return self._identity


def pin_record(reference: int) -> str:
    """The name of a PIN's records."""
    return f"pin/{reference:02X}"


def key_record(path: str, reference: int) -> str:
    """The name of a private key's record."""
    return f"key/{path}/{reference:02X}"


SECRET_PREFIX = "secret/"  # noqa: S105 - of the names of records


def secret_record(path: str, reference: int) -> str:
    """The name of the record of a key of triple DES."""
    return f"{SECRET_PREFIX}{path}/{reference:02X}"


_BYTES = tuple(bytes((value,)) for value in range(256))

DATE_RECORD = "state/date"
META_RECORD = "meta"
IDENTITY_RECORD = "identity"
ROOT_PREFIX = "root/"
ROOT_BITS = 2048
"""Bits of the modulus of an authority of CV certificates (bifente.apdu.cvc)."""
CAR_SIZE, CHR_SIZE = 8, 12
_ROOT_NUMBER = re.compile(f"[0-9A-Fa-f]{{1,{ROOT_BITS // 4}}}")


def root_record(car: bytes) -> str:
    """The name of an authority key's record."""
    return f"{ROOT_PREFIX}{car.decode('ascii')}"


def encode_root(root: CvKey) -> bytes:
    """An authority's key as a record."""
    return json.dumps({"car": root.car.decode("ascii"), "n": f"{root.n:X}", "e": root.e}).encode()


def decode_root(name: str, record: bytes) -> CvKey:
    """The authority's key in record *name*: a CAR, a modulus of 2048 bits, an exponent. Raises CorruptCard."""
    what = "the key of an authority"
    fields = read_json(name, record, what)
    if isinstance(fields, Mapping):
        car, n, e = (fields.get(part) for part in ("car", "n", "e"))
        if isinstance(car, str) and isinstance(n, str) and type(e) is int and _ROOT_NUMBER.fullmatch(n):
            modulus = int(n, 16)
            sized = len(car) == CAR_SIZE and car.isascii() and modulus.bit_length() == ROOT_BITS
            if sized and modulus & e & 1 and 3 <= e < 1 << 32:
                return CvKey(car.encode("ascii"), modulus, e)
    raise CorruptCard(name, f"not {what}")


def encode_identity(identity: CardIdentity) -> bytes:
    """A card's identity as a record: CHR and CHA one after the other."""
    return identity.chr + identity.cha.encode()


def decode_identity(record: bytes, name: str = IDENTITY_RECORD) -> CardIdentity:
    """A card's identity from its record. Raises CorruptCard."""
    try:
        return CardIdentity(record[:CHR_SIZE], Cha.parse(record[CHR_SIZE:]))
    except ApduError as error:
        raise CorruptCard(name, str(error)) from None


@dataclass(slots=True)
class Challenge:
    """A challenge of this card, good for one recognition."""

    value: bytes
    answered: bytes | None = None
    """The other card's challenge that was signed together with this one."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other card, as its verified certificate names it; it has proven nothing yet."""

    chr: bytes
    cha: Cha
    n: int
    e: int
    effective: date
    """From when on the certificate holds: what the card will know of the date once the other has proven itself."""


@dataclass(slots=True)
class PeerAuthentication:
    """An accomplished authentication of the other card."""

    peer: Peer
    own_challenge: bytes
    peer_challenge: bytes
    peer_issued: bytes
    """The digest of the issuer's signature on the other card, as its token said."""
    answered: bool = False


@dataclass(slots=True)
class ControlReferenceTemplate:
    """What MSE SET has put into one control reference template."""

    algorithm: int | None = None
    private_key: int | None = None
    public_key: bytes | None = None


class MessagingSession:
    """A session of secure messaging: its session keys, its counter, and the key set that it was agreed on with."""

    __slots__ = ("counter", "keyset", "protection")

    def __init__(self, keyset: int, protection: Protection, counter: bytes) -> None:
        self.keyset = keyset
        self.protection = protection
        self.counter = counter

    def count(self) -> bytes:
        """The counter for the next command or answer."""
        self.counter = next_counter(self.counter)
        return self.counter

    def __repr__(self) -> str:
        return f"MessagingSession(key set {self.keyset:02X}, **)"


@dataclass(slots=True)
class Environment:
    """The current security environment with the hash in the making: what SELECT clears."""

    computing: dict[Crt, ControlReferenceTemplate] = field(default_factory=dict)
    verifying: dict[Crt, ControlReferenceTemplate] = field(default_factory=dict)
    digest: tuple[str, bytes] | None = None
    mutual: ControlReferenceTemplate | None = None
    """For MUTUAL AUTHENTICATE: algorithm and, as public key, the reference of the key set."""


@dataclass(slots=True)
class Chain:
    """A command whose data field comes in parts."""

    header: tuple[int, int, int, bool]
    data: bytearray


class LogicalChannel:
    """What a logical channel has of its own (ISO/IEC 7816-4:2020 §5.4.1): a current file, an environment, a chain.

    SELECT clears all but the current directory.
    """

    __slots__ = ("chain", "directory", "environment", "file", "record", "selected", "session", "waiting")

    def __init__(self, mf: Directory) -> None:
        self.directory: Directory = mf
        self.file: File | None = None
        self.record = 0
        """The number of the current record, 0 without one."""
        self.selected: tuple[int, int] | None = None
        """The data object of which SELECT DATA has chosen an occurrence, and which."""
        self.waiting = b""
        """What of the last answer waits for GET RESPONSE, on cards that have it."""
        self.environment: Environment | None = None
        self.chain: Chain | None = None
        self.session: MessagingSession | None = None
        """Secure messaging, until a plain command comes or one that does not hold. SELECT leaves it alone."""


class Proven:
    """What has been proven to the card, or is about to be: of the whole card, and SELECT leaves it alone."""

    __slots__ = ("challenge", "messaging", "nonce", "peer", "recognition", "role", "verified")

    def __init__(self) -> None:
        self.verified: set[int] = set()
        self.role: Cha | None = None
        self.challenge: Challenge | None = None
        self.peer: Peer | None = None
        self.recognition: PeerAuthentication | None = None
        self.nonce: bytes | None = None
        """The last challenge, of whatever length, for an authentication with keys that both sides have."""
        self.messaging: int | None = None
        """The key set under whose session keys the present command has come."""

    def forget_recognition(self) -> None:
        """A failed authentication or a log-out: the other card is no longer known."""
        self.role = None
        self.challenge = None
        self.peer = None
        self.recognition = None
