"""Words for the numbers of a dialogue: instructions, templates, algorithms, tags."""

from typing import Final

from bifente.layouts.recognition import ALGORITHM_RECOGNITION, ALGORITHM_SHEET
from bifente.traces.octets import Octets

INSTRUCTIONS: Final = {
    0x04: "DEACTIVATE FILE",
    0x0E: "ERASE BINARY",
    0x0F: "ERASE BINARY",
    0x20: "VERIFY",
    0x21: "VERIFY",
    0x22: "MANAGE SECURITY ENVIRONMENT",
    0x24: "CHANGE REFERENCE DATA",
    0x25: "CHANGE REFERENCE DATA",
    0x26: "DISABLE VERIFICATION REQUIREMENT",
    0x28: "ENABLE VERIFICATION REQUIREMENT",
    0x2A: "PERFORM SECURITY OPERATION",
    0x2B: "PERFORM SECURITY OPERATION",
    0x2C: "RESET RETRY COUNTER",
    0x2D: "RESET RETRY COUNTER",
    0x44: "ACTIVATE FILE",
    0x46: "GENERATE ASYMMETRIC KEY PAIR",
    0x47: "GENERATE ASYMMETRIC KEY PAIR",
    0x70: "MANAGE CHANNEL",
    0x82: "EXTERNAL AUTHENTICATE",
    0x84: "GET CHALLENGE",
    0x86: "GENERAL AUTHENTICATE",
    0x87: "GENERAL AUTHENTICATE",
    0x88: "INTERNAL AUTHENTICATE",
    0xA0: "SEARCH BINARY",
    0xA1: "SEARCH BINARY",
    0xA2: "SEARCH RECORD",
    0xA4: "SELECT",
    0xB0: "READ BINARY",
    0xB1: "READ BINARY",
    0xB2: "READ RECORD",
    0xB3: "READ RECORD",
    0xC0: "GET RESPONSE",
    0xC2: "ENVELOPE",
    0xC3: "ENVELOPE",
    0xCA: "GET DATA",
    0xCB: "GET DATA",
    0xD0: "WRITE BINARY",
    0xD1: "WRITE BINARY",
    0xD2: "WRITE RECORD",
    0xD6: "UPDATE BINARY",
    0xD7: "UPDATE BINARY",
    0xDA: "PUT DATA",
    0xDB: "PUT DATA",
    0xDC: "UPDATE RECORD",
    0xDD: "UPDATE RECORD",
    0xE0: "CREATE FILE",
    0xE2: "APPEND RECORD",
    0xE4: "DELETE FILE",
    0xE6: "TERMINATE DF",
    0xE8: "TERMINATE EF",
    0xFE: "TERMINATE CARD USAGE",
}
"""ISO/IEC 7816-4:2020 table 5, with those of parts 8 and 9."""

CPS2TER: Final = {
    0x04: "Invalidate",
    0x10: "Diversifie",
    0x20: "VerifyCHV",
    0x24: "ChangeCHV",
    0x2C: "UnblockCHV",
    0x3E: "CalculRSA",
    0x44: "Rehabilitate",
    0x46: "GenerateSessionKey",
    0x48: "EncipherSessionKey",
    0x4A: "DecipherSessionKey",
    0x4C: "RecoverSessionKey",
    0x4E: "AuthenExt",
    0x50: "AuthenIntExt",
    0x52: "SignIntExt",
    0x58: "RSAVerifie",
    0x5A: "Compare",
    0x5C: "Certifie",
    0x5E: "SignExt",
    0x76: "Lock",
    0x82: "ExternalAuthentication",
    0x84: "AskRandom",
    0x86: "GiveRandom",
    0x88: "InternalAuthentication",
    0xA4: "Select",
    0xA8: "Dir",
    0xB0: "ReadBinary",
    0xB4: "ReadBinaryStamped",
    0xC0: "GetResponse",
    0xD0: "WriteBinary",
    0xD4: "DeleteFile",
    0xD6: "UpdateBinary",
    0xD8: "LoadKeyFile",
    0xE0: "CreateFile",
    0xF2: "Status",
    0xF4: "LoadEXE",
    0xF6: "LockEXE",
}
"""Class A0 of the CPS2ter, as the reader protocol of ansforge/dops-cryptolib names it."""

PSO: Final = {
    0x90A0: "PSO HASH",
    0x9080: "PSO HASH",
    0x9E9A: "PSO COMPUTE DIGITAL SIGNATURE",
    0x9EAC: "PSO COMPUTE DIGITAL SIGNATURE",
    0x8086: "PSO DECIPHER",
    0x8084: "PSO DECIPHER",
    0x8680: "PSO ENCIPHER",
    0x8480: "PSO ENCIPHER",
    0x8E80: "PSO COMPUTE CRYPTOGRAPHIC CHECKSUM",
    0x00A2: "PSO VERIFY CRYPTOGRAPHIC CHECKSUM",
    0x00A8: "PSO VERIFY DIGITAL SIGNATURE",
    0x00AE: "PSO VERIFY CERTIFICATE",
    0x00BE: "PSO VERIFY CERTIFICATE",
    0x0092: "PSO VERIFY CERTIFICATE",
}
"""ISO/IEC 7816-8:2021 §5.3, by P1-P2."""

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
}
"""Algorithm references of IAS-ECC (OpenSC ``iasecc``), and our own two."""

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

SECRET_TAGS: Final = frozenset({0x7F41, 0x7F48})
"""Data objects whose content is never shown."""


def instruction_name(cla: int, ins: int) -> str:
    """What a command is called, ``INS xx`` when it has no name."""
    if cla & 0xF0 == 0xA0 and ins in CPS2TER:
        return f"CPS2ter {CPS2TER[ins]}"
    return INSTRUCTIONS.get(ins) or f"INS {ins:02X}"


def name_of(command: Octets) -> str:
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
