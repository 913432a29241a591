"""What tests of the bridge to pyscard have in common."""

T0_ATR = bytes.fromhex("3B751300004709EA9000")
CPS = "test reader [CPS] 00 00"
VITALE = "test reader [Vitale] 00 01"
BOUND = 10.0


class EchoCard:
    """Echoes the data of a command; instruction 20 opens it, instruction 88 wants it open."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.verified = False

    def power_on(self) -> bytes:
        self.calls.append("on")
        self.verified = False
        return T0_ATR

    def reset(self) -> bytes:
        self.calls.append("reset")
        self.verified = False
        return T0_ATR

    def power_off(self) -> None:
        self.calls.append("off")

    def transmit(self, command: bytes) -> bytes:
        if command[1] == 0x20:
            self.verified = True
            return b"\x90\x00"
        if command[1] == 0x88:
            return b"\x90\x00" if self.verified else b"\x69\x82"
        return command[5:] + b"\x90\x00"
