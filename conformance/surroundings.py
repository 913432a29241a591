"""Under what a run was made: host, programs, reader and driver, for whoever reads the report elsewhere."""

import platform
import sys
from collections.abc import Mapping
from importlib import metadata

from bifente.conformance.target import CardUnderTest, ConformanceTarget


def surroundings(target: ConformanceTarget) -> dict[str, str]:
    """Name → value, each a short text. The name of the machine is not among them."""
    found = {
        "host": " ".join(filter(None, (platform.system(), platform.release(), platform.machine()))),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    if target.pcsc:
        found["pyscard"] = _version("pyscard")
        for kind, card in target.cards.items():
            found[f"reader of {kind}"] = card.place
            found[f"driver of {kind}"] = _driver(card)
    else:
        found["driver"] = "none: the reader is in this process"
    return found


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _driver(card: CardUnderTest) -> str:
    """What the driver says of itself: vendor, type and version (PC/SC part 3 §3.1.1)."""
    from smartcard import scard

    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result:
        return "not known"
    try:
        result, handle, _ = scard.SCardConnect(
            context, card.place, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        if result:
            return "not known"
        try:
            return _words(
                {
                    name: bytes(value)
                    for name in ("VENDOR_NAME", "VENDOR_IFD_TYPE", "VENDOR_IFD_VERSION")
                    for result, value in (scard.SCardGetAttrib(handle, getattr(scard, f"SCARD_ATTR_{name}")),)
                    if not result
                }
            )
        finally:
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)
    finally:
        scard.SCardReleaseContext(context)


def _words(attributes: Mapping[str, bytes]) -> str:
    texts = [
        attributes[name].rstrip(b"\0").decode("utf-8", "replace")
        for name in ("VENDOR_NAME", "VENDOR_IFD_TYPE")
        if name in attributes
    ]
    raw = attributes.get("VENDOR_IFD_VERSION", b"")
    if len(raw) == 4:
        number = int.from_bytes(raw, sys.byteorder)  # 0xMMmmbbbb
        texts.append(f"{number >> 24}.{number >> 16 & 0xFF}.{number & 0xFFFF}")
    return " ".join(filter(None, texts)) or "says nothing of itself"
