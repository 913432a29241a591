"""The description of a file that a command has created, made from the parameters that came with it.

The parameters are those of ISO/IEC 7816-4:2020 §7.4.3 as CREATE FILE carries them (ISO/IEC 7816-9:2017 §7.3).
"""

from collections.abc import Sequence

from bifente.apdu.files.fcp import NO_SFI, Fcp, FileDescriptor, FileStructure
from bifente.apdu.files.security import Operation, SecurityAttributes, Target
from bifente.layouts.access import ALWAYS, NEVER, Rule
from bifente.layouts.codec import RawCodec
from bifente.layouts.codecs.recordlist import RecordsCodec
from bifente.layouts.environments import rule_of
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import DF, EF, Access, SecurityEnvironment
from bifente.layouts.structures import MAX_RECORDS, Records, Transparent, WriteFunction

CREATED = "created by a command"
"""The origin of such a file."""
RESERVED = frozenset({0x0000, 0x3F00, 0x3FFF, 0xFFFF})
"""File identifiers that no file has (ISO/IEC 7816-4:2020 §7.3.2)."""
_SFI_BITS = 0x1F
_LAST_SFI = 30
_WRITES = 0x60
_EF_OPERATIONS = tuple(Target.EF.operations.values())
_DF_OPERATIONS = tuple(Target.DF.operations.values())


def node_of(fcp: Fcp, environments: Sequence[SecurityEnvironment]) -> EF | DF:
    """The file of these parameters, in a directory of these security environments. Raises LayoutError.

    A file without security attributes is free: anything is allowed (synthetic). What attributes do not name is forbidden.
    """
    descriptor, fid = fcp.descriptor, fcp.fid
    if descriptor is None or fid is None:
        raise LayoutError("a file has a descriptor (82) and an identifier (83)")
    if fid in RESERVED:
        raise LayoutError(f"{fid:04X} is reserved")
    if descriptor.is_df:
        if fcp.df_name is None and fcp.size is not None:
            raise LayoutError("a DF has no size (80)")
        access = _access(fcp.contact, _DF_OPERATIONS, environments)
        return DF(f"DF {fid:04X}", fid, CREATED, fcp.df_name, access=access)
    structure = _structure(descriptor)
    codec = RawCodec() if isinstance(structure, Transparent) else RecordsCodec(structure)
    access = _access(fcp.contact, _EF_OPERATIONS, environments)
    for operation in (Operation.READ, Operation.UPDATE):
        access = {**access, operation: access.get(operation, NEVER)}
    sfi = _short_identifier(fcp.sfi, fid)
    return EF(f"EF {fid:04X}", fid, codec, access, CREATED, sfi, structure=structure, optional=True)


def _short_identifier(sfi: int | None, fid: int) -> int | None:
    """That of the parameters; without the object the five low bits of the identifier (§7.3.3)."""
    if sfi is None:
        sfi = fid & _SFI_BITS
    return None if sfi == NO_SFI or sfi > _LAST_SFI else sfi


def _structure(descriptor: FileDescriptor) -> Transparent | Records:
    form = descriptor.structure
    if form is None or form is FileStructure.NO_INFORMATION:
        raise LayoutError(f"descriptor {descriptor.byte:02X} is that of no file that can be created")
    coding = descriptor.data_coding
    writes = None if coding is None else WriteFunction(coding & _WRITES)
    if form is FileStructure.TRANSPARENT:
        return Transparent(writes)
    size, count = descriptor.record_size, descriptor.record_count
    if not size or not count or count > MAX_RECORDS:
        raise LayoutError(
            "a file of records has a record size and a number of records, 1 to 254, in its descriptor"
        )
    return Records(size, count, form, WriteFunction.ONE_TIME if writes is None else writes)


def _access(
    security: SecurityAttributes | None,
    operations: tuple[Operation, ...],
    environments: Sequence[SecurityEnvironment],
) -> Access:
    if security is None:
        return dict.fromkeys(operations, ALWAYS)
    named = [operation for bit, operation in security.target.operations.items() if security.access_mode & bit]
    rules: dict[Operation, Rule] = {
        operation: rule_of(scb, environments)
        for operation, scb in zip(named, security.conditions, strict=True)
    }
    return rules
