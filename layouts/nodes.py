"""What stands on a card, as data: directories, files, PINs, keys, each with its rule, its codec and its origin.

One description serves the emulator, the terminal side, the explanation of traces and the documentation.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from bifente.apdu.errors import ApduError
from bifente.apdu.files.fcp import DEDICATED_FILE, NO_SFI, Fcp
from bifente.apdu.files.security import InterfaceAttributes, Operation, SecurityAttributes, Target
from bifente.apdu.reset.atr import Atr
from bifente.layouts.access import ALWAYS, NEVER, Rule
from bifente.layouts.codec import Codec
from bifente.layouts.recognition import Party
from bifente.layouts.structures import TRANSPARENT, Records, Transparent
from bifente.slotted import dataclass, field

SYNTHETIC = "synthetic"
"""The origin of whatever is our own invention, because the real thing is not public."""

Access = Mapping[Operation, Rule]

_ANY_BYTE = range(256)


class Crt(StrEnum):
    """The control reference templates of a security environment (ISO/IEC 7816-4:2020 §10.3.2)."""

    AUTHENTICATION = "A4"
    HASH = "AA"
    SIGNATURE = "B6"
    CONFIDENTIALITY = "B8"

    @property
    def tag(self) -> int:
        """The tag as a number."""
        return int(self.value, 16)


def ef_access(
    read: Rule = ALWAYS,
    update: Rule = NEVER,
    *,
    delete: Rule = NEVER,
    terminate: Rule = NEVER,
    activate: Rule = NEVER,
    deactivate: Rule = NEVER,
    write: Rule | None = None,
) -> Access:
    """The six rules that the access mode byte ``7B`` of an EF announces, in the order of its bits; seven with *write*."""
    return {
        Operation.DELETE: delete,
        Operation.TERMINATE: terminate,
        Operation.ACTIVATE: activate,
        Operation.DEACTIVATE: deactivate,
        **({} if write is None else {Operation.WRITE: write}),
        Operation.UPDATE: update,
        Operation.READ: read,
    }


def attributes(target: Target, access: Access, *, bit8: bool = False) -> SecurityAttributes:
    """The compact security attributes that announce *access*."""
    return SecurityAttributes.build(target, {op: rule.scb for op, rule in access.items()}, bit8=bit8)


def interfaces(
    target: Target, access: Access, contactless: Access | None, *, bit8: bool = False
) -> InterfaceAttributes:
    """What announces the rules of both interfaces, ``8C`` and ``9C``; without *contactless* there is no ``9C``."""
    return InterfaceAttributes(
        attributes(target, access, bit8=bit8),
        None if contactless is None else attributes(target, contactless, bit8=bit8),
    )


@dataclass(frozen=True, slots=True)
class EF:
    """An elementary file."""

    name: str
    fid: int
    codec: Codec
    access: Access
    source: str
    sfi: int | None = None
    contactless: Access | None = None
    meaning: str = ""
    optional: bool = False
    personal: bool = False
    """Holds data of a person: traces of a real card do not show it."""
    issued: bool = False
    """Covered by the issuer's signature on the card (synthetic, see :mod:`bifente.apdu.issuersignature`)."""
    certifies: str | None = None
    """The use of the private key whose certificate stands here."""
    structure: Transparent | Records = TRANSPARENT
    announced: Access | None = None
    """What its FCP says of the contacts where that does not rule: on the contactless face (bifente.layouts.faces)."""
    apart: bool = False
    """It belongs to another applet of the chip, with a class of its own: the other commands do not reach it."""

    def __post_init__(self) -> None:
        if not 0 <= self.fid <= 0xFFFF or (self.sfi is not None and not 1 <= self.sfi <= 30):
            raise ValueError(f"{self.name}: impossible file or short identifier")

    def fcp(self, size: int) -> Fcp:
        """Its file control parameters for *size* bytes of data."""
        return Fcp(
            descriptor=self.structure.descriptor,
            fid=self.fid,
            size=size,
            sfi=NO_SFI if self.sfi is None else self.sfi,
            security=interfaces(Target.EF, told(self), self.contactless),
            life_cycle=5,
        )


@dataclass(frozen=True, slots=True)
class PinObject:
    """A PIN or PUK: a cardholder verification data object, of the directory that holds it."""

    name: str
    reference: int
    access: Access
    tries: int
    source: str
    use: str
    """What profiles call it: ``pin``, ``puk``."""
    unblocked_by: int | None = None
    """The reference of the code that RESET RETRY COUNTER takes for it."""
    min_length: int = 4
    max_length: int = 8
    uses: int | None = None
    """How often it may be used with success before it is spent, None without such a limit."""
    contactless: Access | None = None
    """Its rules without contacts; None: it cannot be presented there, and ``9C`` is not announced."""
    announced: Access | None = None
    """See :attr:`EF.announced`."""

    @property
    def security(self) -> InterfaceAttributes:
        """What its control parameters announce."""
        return interfaces(Target.CHV, told(self), self.contactless, bit8=True)


@dataclass(frozen=True, slots=True)
class KeyObject:
    """A private RSA key of 2048 bits, of the directory that holds it. ``reference`` has bit 8: it is local to it."""

    name: str
    reference: int
    access: Access
    algorithms: Mapping[Crt, frozenset[int]]
    """Which algorithm references each control reference template accepts with this key."""
    source: str
    use: str
    """What it is for, the same on all kinds of card: profiles name it so."""
    non_repudiation: bool | None = None
    optional: bool = False
    generated: bool = False
    """Only a command makes it, in the card."""
    """Cards made before there was one have none."""
    contactless: Access | None = None
    """Its rules without contacts; None: it does nothing there, and ``9C`` is not announced."""
    announced: Access | None = None
    """See :attr:`EF.announced`."""

    @property
    def security(self) -> InterfaceAttributes:
        """What its control parameters announce."""
        return interfaces(Target.RSA_KEY, told(self), self.contactless)

    @property
    def sdo_reference(self) -> int:
        """Its reference as a security data object: without the bit that says *local*."""
        return self.reference & 0x7F


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A symmetric key of 16 bytes, of the directory that holds it: of this card alone, or a *mother* of others' keys."""

    name: str
    reference: int
    access: Access
    algorithm: int
    source: str
    use: str
    """Which of the issuer's keys it is, or comes from."""
    mother: bool = False
    optional: bool = False
    cipher: str = "triple DES"


@dataclass(frozen=True, slots=True)
class KeySet:
    """Two symmetric keys, for enciphering and for authenticating, by which a session of secure messaging is agreed on.

    ``reference`` without bit 8 is global: the MF holds it.
    """

    name: str
    reference: int
    access: Access
    algorithms: frozenset[int]
    """References of :data:`bifente.apdu.mutual.ALGORITHMS`."""
    source: str
    masters: tuple[bytes, bytes] | None = field(repr=False)
    """The issuer's keys, of which those of each card come by its serial number; None when ``secrets`` says where they are."""
    secrets: tuple[int, int] | None = None
    """References of the two :class:`SecretKey` of the same directory, where the issuer gives each card its keys."""

    @property
    def sdo_reference(self) -> int:
        """Its reference as a security data object: without the bit that says *local*."""
        return self.reference & 0x7F


@dataclass(frozen=True, slots=True)
class SecurityEnvironment:
    """SE#``number``: what the condition bytes of the same number refer to. ``content`` is its CRTs, BER-TLV."""

    number: int
    content: bytes
    meaning: str
    source: str


@dataclass(frozen=True, slots=True)
class DataObject:
    """A data object of the directory that holds it, which GET DATA and PUT DATA name by ``reference``.

    That is a BER-TLV tag, ``02`` and a SIMPLE-TLV tag, or 0100 to 01FF (ISO/IEC 7816-4:2020 §11.5.3).
    """

    name: str
    reference: int
    access: Access
    """To get and to put."""
    source: str
    meaning: str = ""
    most: int = 1
    """How often it may occur."""


@dataclass(frozen=True, slots=True)
class DF:
    """A directory: the MF, a dedicated file or an application."""

    name: str
    fid: int
    source: str
    aid: bytes | None = None
    children: tuple["EF | DF", ...] = ()
    access: Access = field(default_factory=dict)
    pins: tuple[PinObject, ...] = ()
    keys: tuple[KeyObject, ...] = ()
    secrets: tuple[SecretKey, ...] = ()
    environments: tuple[SecurityEnvironment, ...] = ()
    keysets: tuple[KeySet, ...] = ()
    objects: tuple[DataObject, ...] = ()
    applet: bool = False
    """Its name is the applet's own, which the platform below the applet selects (GlobalPlatform Card Specification
    2.3.1 §6.4.2): there P2 = 00 is in order, and an applet that has nothing to say to it answers 9000 alone."""
    announced: Access | None = None
    """See :attr:`EF.announced`."""
    apart: bool = False
    """See :attr:`EF.apart`, with all that is in it."""

    def fcp(self) -> Fcp:
        """Its file control parameters."""
        return Fcp(
            descriptor=DEDICATED_FILE,
            fid=self.fid,
            df_name=self.aid,
            security=InterfaceAttributes(attributes(Target.DF, rules)) if (rules := told(self)) else None,
            life_cycle=5,
        )

    def files(self) -> Iterator[EF]:
        """The EFs directly inside."""
        return (child for child in self.children if isinstance(child, EF))

    def directories(self) -> Iterator["DF"]:
        """The DFs directly inside."""
        return (child for child in self.children if isinstance(child, DF))


def told(node: EF | DF | PinObject | KeyObject) -> Access:
    """The rules of the contacts as the card announces them, whichever interface it is asked through."""
    return node.access if node.announced is None else node.announced


@dataclass(frozen=True, slots=True)
class Contactless:
    """A chip's other interface. A PC/SC reader makes the ATR, of what the chip says when it is activated (PC/SC part 3 §3.1.3.2.3)."""

    atr: bytes
    application: bytes
    """The DF name by which a terminal knows a card of this kind there."""
    source: str


def path_of(parents: tuple[int, ...], fid: int) -> str:
    """A path in the customary form, e.g. ``3F00/0001/D120``."""
    return "/".join(f"{part:04X}" for part in (*parents, fid))


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of card. Raises ValueError for an ATR that is malformed, and for PINs that contradict one another."""

    kind: str
    """Its name in card files and profiles, e.g. ``cps3``."""
    title: str
    called: str
    """What a person calls a card of this kind, with its article."""
    atr: bytes
    application: bytes | None
    """The DF name by which a terminal knows a card of this kind; None when only the ATR tells."""
    mf: DF
    select_answers: frozenset[int]
    """The values of P2 that SELECT takes (ISO/IEC 7816-4:2020 table 63): 00 FCI, 04 FCP, 0C nothing."""
    source: str
    party: Party | None = None
    """The part that it takes in a mutual recognition."""
    issuer_signature: str | None = None
    """Path of the EF with the issuer's signature, which covers the files that are ``issued``."""
    atr_differs: Mapping[int, bytes] = field(default_factory=dict)
    """Positions in the ATR, from 0, in which cards of this kind differ, and the bytes that stand there; none: any."""
    command_class: int = 0x00
    """The class byte in which its commands are those of ISO/IEC 7816-4."""
    memory: int | None = None
    """Bytes for all files and keys, of a card that has few; None where nothing is known to be too much."""
    contactless: Contactless | None = None
    """The interface without contacts, of a chip that has one; bifente.layouts.faces makes the layout that it shows."""
    without_contacts: bool = False
    """This is that layout: files and rules as they are met without contacts."""
    other_atrs: tuple[bytes, ...] = ()
    """What some cards of this kind answer a reset with instead."""

    def __post_init__(self) -> None:
        try:
            Atr.parse(self.atr)
            if self.contactless is not None:
                Atr.parse(self.contactless.atr)
        except ApduError as error:
            raise ValueError(f"{self.kind}: {error}") from None
        references = [pin.reference for pin in self.pins]
        unknown = {pin.unblocked_by for pin in self.pins} - {None, *references}
        if unknown or len(references) != len(set(references)):
            raise ValueError(
                f"{self.kind}: PINs of the same reference, or unblocked by one that is not there"
            )

    def answers_reset_with(self, atr: bytes) -> bool:
        """Whether *atr* is that of a card of this kind."""
        return atr in self.other_atrs or (
            len(atr) == len(self.atr)
            and all(
                one == other or (at in self.atr_differs and one in (self.atr_differs[at] or _ANY_BYTE))
                for at, (one, other) in enumerate(zip(atr, self.atr, strict=True))
            )
        )

    @property
    def pins(self) -> tuple[PinObject, ...]:
        """All PINs and PUKs, in the order of the directories that hold them."""
        return tuple(pin for _, directory in self.directories() for pin in directory.pins)

    @property
    def applets(self) -> frozenset[bytes]:
        """The names that are those of whole applets."""
        return frozenset(node.aid for _, node in self.directories() if node.applet and node.aid is not None)

    def private_keys(self) -> dict[str, tuple[str, int]]:
        """Use of each private key that personalisation makes → the path of its directory and its reference."""
        return {
            key.use: (path, key.reference)
            for path, node in self.directories()
            for key in node.keys
            if not key.generated
        }

    def secret_keys(self) -> Iterator[tuple[str, SecretKey]]:
        """Each symmetric key with the path of its directory."""
        return ((path, key) for path, node in self.directories() for key in node.secrets)

    def optional_keys(self) -> frozenset[str]:
        """The uses of the keys that a card need not have."""
        return frozenset(key.use for _, node in self.directories() for key in node.keys if key.optional)

    def certificates(self) -> dict[str, str]:
        """Name of each certificate's file → the use of its key."""
        files = (node for _, node in self.walk() if isinstance(node, EF))
        return {file.name: file.certifies for file in files if file.certifies is not None}

    def walk(self) -> Iterator[tuple[str, EF | DF]]:
        """Each directory and file with its path, depth first, in the order of the layout."""
        yield from _walk((), self.mf)

    def directories(self) -> Iterator[tuple[str, DF]]:
        """Each directory with its path."""
        return ((path, node) for path, node in self.walk() if isinstance(node, DF))

    def file(self, path: str) -> EF:
        """The EF at *path*; KeyError without one."""
        for candidate, node in self.walk():
            if candidate == path and isinstance(node, EF):
                return node
        raise KeyError(path)

    def issued(self) -> Iterator[tuple[str, EF]]:
        """The files that the issuer's signature covers, with their paths, by ascending FID."""
        found = [(path, node) for path, node in self.walk() if isinstance(node, EF) and node.issued]
        return iter(sorted(found, key=lambda item: item[1].fid))

    def named(self, name: str) -> tuple[str, EF]:
        """Path and EF of that name; KeyError without one."""
        for path, node in self.walk():
            if isinstance(node, EF) and node.name == name:
                return path, node
        raise KeyError(name)


def _walk(parents: tuple[int, ...], node: EF | DF) -> Iterator[tuple[str, EF | DF]]:
    yield path_of(parents, node.fid), node
    if isinstance(node, DF):
        for child in node.children:
            yield from _walk((*parents, node.fid), child)
