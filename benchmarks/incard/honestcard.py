"""The floor of the kernel: the least that is still a card, written without ours.

It reads each command by its header, Lc and Le, keeps a current file, files behind a PIN rule, and a PIN that counts
tries and is compared in constant time. It knows three instructions, one application and a handful of files, and it
neither chains, nor logs, nor survives a power cut; whatever a whole kernel does more is what the ratio shows.
"""

from hmac import compare_digest

TRIES = 3


class HonestCard:
    """SELECT by file identifier and application, READ BINARY, VERIFY (ISO/IEC 7816-4), in as few lines as they take."""

    def __init__(self, application: bytes, files: dict[bytes, bytes], pin: bytes) -> None:
        self.application, self.files, self.pin = application, files, pin
        self.current: bytes | None = None
        self.selected = self.proven = False
        self.tries = TRIES

    def transmit(self, command: bytes, /) -> bytes:
        """One command APDU, short form; one answer."""
        if len(command) < 4:
            return b"\x67\x00"
        instruction, p1, p2 = command[1], command[2], command[3]
        data, expected = b"", None
        if len(command) == 5:
            expected = command[4] or 256
        elif len(command) > 5:
            end = 5 + command[4]
            data = command[5:end]
            if len(command) == end + 1:
                expected = command[end] or 256
            elif len(command) != end:
                return b"\x67\x00"
        if command[0]:
            return b"\x6e\x00"
        if instruction == 0xA4:
            return self._select(p1, p2, data, expected)
        if instruction == 0xB0:
            return self._read(p1 << 8 | p2, expected)
        if instruction == 0x20:
            return self._verify(p2, data)
        return b"\x6d\x00"

    def _select(self, p1: int, p2: int, data: bytes, expected: int | None) -> bytes:
        if p1 == 4:
            if data != self.application:
                return b"\x6a\x82"
            self.selected, self.current = True, None
            return b"\x90\x00"
        if p1 != 2:
            return b"\x6a\x86"
        content = self.files.get(data) if self.selected else None
        if content is None:
            return b"\x6a\x82"
        self.current = data
        if p2 & 0x0C or expected is None:
            return b"\x90\x00"
        size = len(content).to_bytes(2)
        fcp = b"\x82\x01\x01\x83\x02" + data + b"\x80\x02" + size + b"\x8a\x01\x05"
        return (b"\x62" + bytes([len(fcp)]) + fcp)[:expected] + b"\x90\x00"

    def _read(self, offset: int, expected: int | None) -> bytes:
        if self.current is None:
            return b"\x69\x86"
        if not self.proven:
            return b"\x69\x82"
        content = self.files[self.current]
        if expected is None or offset >= len(content):
            return b"\x6b\x00"
        return content[offset : offset + expected] + b"\x90\x00"

    def _verify(self, reference: int, given: bytes) -> bytes:
        if reference != 1:
            return b"\x6a\x88"
        if not self.tries:
            return b"\x69\x83"
        self.tries -= 1
        self.proven = compare_digest(given, self.pin)
        if not self.proven:
            return bytes((0x63, 0xC0 | self.tries))
        self.tries = TRIES
        return b"\x90\x00"
