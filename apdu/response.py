"""The response APDU (ISO/IEC 7816-4:2020 §5.2)."""

from typing import NamedTuple

from bifente.apdu.errors import ApduError
from bifente.apdu.status import SW

_SEEN: dict[int, SW] = {int(sw): sw for sw in SW}
"""Status words that were met: an enumeration is asked for each at every answer otherwise. There are 65 536 at most."""

_new = tuple.__new__


class ResponseAPDU(NamedTuple):
    """Response data (0 to 65 536 bytes) and status word."""

    data: bytes
    sw: SW

    @classmethod
    def parse(cls, raw: bytes) -> "ResponseAPDU":
        """Split an answer. Raises ApduError when it has fewer than two bytes."""
        if len(raw) < 2:
            raise ApduError(f"a response APDU has at least 2 bytes, this one {len(raw)}")
        value = raw[-2] << 8 | raw[-1]
        sw = _SEEN.get(value)
        if sw is None:
            sw = _SEEN[value] = SW(value)
        return _new(cls, (raw[:-2], sw))

    @property
    def raw(self) -> bytes:
        """Data followed by SW1 SW2."""
        return self.data + self.sw.to_bytes_be()

    def __repr__(self) -> str:
        return f"ResponseAPDU({len(self.data)} bytes, {self.sw})"
