"""Words for the numbers of a dialogue: templates, algorithms, tags."""

from typing import Final

from bifente.apdu.instructions import instruction_name
from bifente.layouts.recognition import ALGORITHM_RECOGNITION, ALGORITHM_SHEET
from bifente.layouts.symmetric import ALGORITHM as ALGORITHM_VITALE_1
from bifente.traces.maskedbytes import MaskedBytes

TEMPLATES: Final = {0xA4: "AT", 0xA6: "KAT", 0xAA: "HT", 0xB4: "CCT", 0xB6: "DST", 0xB8: "CT"}
"""Control reference templates (ISO/IEC 7816-4:2020 §10.3.2)."""

SIDES: Final = {
    (0xA4, 0x40): "internal",
    (0xA4, 0x80): "external",
    (0xA4, 0xC0): "mutual",
    (0xA6, 0x40): "key agreement",
    (0xAA, 0x40): "hash",
    (0xB6, 0x40): "sign",
    (0xB6, 0x80): "verify",
    (0xB8, 0x40): "decipher",
    (0xB8, 0x80): "encipher",
}
"""What a template is set for, by its tag and the two high bits of P1."""

ALGORITHMS: Final = {
    0x02: "RSA PKCS #1",
    0x0C: "3DES with SHA-1",
    0x8C: "3DES with SHA-256",
    0x10: "SHA-1",
    0x12: "RSA with SHA-1",
    0x1A: "RSA decipher",
    0x1C: "role authentication",
    0x40: "SHA-256",
    0x41: "ISO 9796-2 with SHA-256",
    0x42: "RSA with SHA-256",
    0x9B: "device authentication",
    ALGORITHM_RECOGNITION: "recognition, synthetic",
    ALGORITHM_SHEET: "care sheet, synthetic",
    ALGORITHM_VITALE_1: "recognition of a Vitale 1, synthetic",
}
"""Algorithm references of IAS-ECC (OpenSC ``iasecc``), and our own."""

TAGS: Final = {
    0x42: "authority reference (CAR)",
    0x43: "card service data",
    0x46: "pre-issuing data",
    0x47: "card capabilities",
    0x4D: "extended header list",
    0x4F: "application identifier",
    0x50: "application label",
    0x51: "path",
    0x53: "discretionary data",
    0x5A: "primary account number",
    0x5F20: "holder reference (CHR)",
    0x5F24: "expiry date",
    0x5F25: "effective date",
    0x5F37: "signature",
    0x5F38: "remainder of the content",
    0x5F4C: "holder authorisation (CHA)",
    0x61: "application template",
    0x62: "file control parameters (FCP)",
    0x64: "file management data (FMD)",
    0x65: "holder of the card",
    0x66: "card data",
    0x6F: "file control information (FCI)",
    0x70: "security data object",
    0x73: "discretionary template",
    0x7F21: "CV certificate",
    0x7F41: "PIN value",
    0x7F48: "private key",
    0x7F49: "public key",
    0xA4: "authentication template",
    0xAA: "hash template",
    0xB6: "signature template",
    0xB8: "confidentiality template",
    0xE0: "file map",
    0xEC: "update session",
}
"""Interindustry tags, and those of EF.ATR, of a Vitale 2 and of a CPS3, where the number alone tells."""


def name_of(command: MaskedBytes) -> str:
    """What a recorded command is called; nothing of what is hidden in it."""
    if len(command) < 2 or command.hides(0, 2):
        return "no command"
    return instruction_name(command.shown[0], command.shown[1])


def algorithm_name(reference: int) -> str:
    """``E1 (recognition, synthetic)``."""
    known = ALGORITHMS.get(reference)
    return f"{reference:02X}" if known is None else f"{reference:02X} ({known})"


def count(number: int, what: str = "byte") -> str:
    """``1 byte``, ``12 bytes``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
