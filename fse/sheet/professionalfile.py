"""What a CPS says of its holder as a file: the secretariat needs it to prepare a sheet that the holder signs later.

It is what the issuer has signed on the card, with its signature: nobody can change it. Provenance: synthetic.
"""

from bifente.apdu.errors import ApduError
from bifente.apdu.issuersignature import IssuerSignature, IssuerSignatureError
from bifente.apdu.tlv import decode
from bifente.fse.errors import FseError
from bifente.fse.sheet.signature import CPS_FIDS, Issued, by_fid
from bifente.igc import TrustStore
from bifente.ssv.groups import Group
from bifente.terminal import CpsSession, TerminalError
from bifente.terminal.cps import professional_groups

MAX_PROFESSIONAL = 1 << 16
"""No such file is longer."""


class ProfessionalFileError(FseError):
    """A file that is not that of a professional, or not as the issuer has signed it."""

    hint = "make it again from the professional's card"


def write_professional(cps: CpsSession) -> bytes:
    """The file of the holder of *cps*, whose PIN was presented (DER of ``Issued``). Raises ProfessionalFileError, TerminalError."""
    raw = cps.issuer_signature()
    if not raw:
        raise ProfessionalFileError(
            "the card holds no issuer's signature: what it says could not be believed"
        )
    try:
        covered = IssuerSignature.parse(raw)
    except IssuerSignatureError as error:
        raise ProfessionalFileError(f"the issuer's signature on the card: {error}") from error
    return Issued(raw, tuple(sorted(by_fid(cps.signed_contents(covered), CPS_FIDS).items()))).encode()


def read_professional(raw: bytes, trust: TrustStore) -> list[Group]:
    """SSV groups 1 and 2 of the professional. Raises ProfessionalFileError for what the issuer has not signed so."""
    try:
        (outer,) = decode(raw)
        issued = Issued.parse(outer.value)
    except (ApduError, ValueError) as error:
        raise ProfessionalFileError(f"not the file of a professional: {error}") from error
    if issued.encode() != raw:
        raise ProfessionalFileError("not the file of a professional in DER")
    names = {fid: name for name, fid in CPS_FIDS.items()}
    try:
        signature = trust.verify_issued(issued.signature, "C")
        if [fid for fid, _ in issued.files] != list(signature.digests) or signature.uncovered(
            dict(issued.files)
        ):
            raise ProfessionalFileError("the file says other things than the issuer has signed")
        return professional_groups({names[fid]: content for fid, content in issued.files})
    except IssuerSignatureError as error:
        raise ProfessionalFileError(f"the issuer's signature is refused: {error}") from error
    except KeyError as error:
        raise ProfessionalFileError(
            f"the issuer has signed a file {error.args[0]:04X} that no CPS has"
        ) from error
    except TerminalError as error:
        raise ProfessionalFileError(f"what the issuer has signed cannot be read: {error}") from error
