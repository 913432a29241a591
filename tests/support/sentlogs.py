"""One invented dialogue in the logs of every program that is read, and what mail, shells and daemons do to a log."""

import io

from bifente.traces.formats import Source, read_stream
from bifente.traces.model import Exchange, Item

SELECT = ("00A4000C023F00", "9000")
PATH = ("00A40904022F01", "6127")
CHALLENGE = ("0084000008", "01020304050607089000")
LONG = ("00B0000014", "000102030405060708090A0B0C0D0E0F101112139000")
PIN = ("0020000104********", "9000")
NONE = ("00CA9F7F00", "")


def opened(text: str | bytes) -> tuple[str, Source, list[Item]]:
    """The format, the source and its items, all taken."""
    kind, source = read_stream(io.BytesIO(text.encode() if isinstance(text, str) else text))
    return kind.name, source, list(source.items)


def said(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.command.hex(), item.response.hex()) for item in items if isinstance(item, Exchange)]


PCSCD = (
    "00000000 [111] winscard.c:1597:SCardTransmit() Send Protocol: T=1\n00000010 [111] APDU: 00 A4 00 0C 02 3F 00 \n"
    "00000508 [111] SW: 90 00 \n00000010 [111] APDU: 00 84 00 00 08 \n00000508 [111] SW: 01 02 03 04 05 06 07 08 90 00 \n"
)
OPENSC = """\
P:1; T:0x2 10:11:12.345 [opensc-tool] reader-pcsc.c:325:pcsc_transmit: reader 'Example 00 00'
P:1; T:0x2 10:11:12.345 [opensc-tool] reader-pcsc.c:326:pcsc_transmit:\x20
Outgoing APDU (7 bytes):
00 A4 00 0C 02 3F 00 .....?.

P:1; T:0x2 10:11:12.355 [opensc-tool] reader-pcsc.c:335:pcsc_transmit:\x20
Incoming APDU (2 bytes):
90 00 ..

P:1; T:0x2 10:11:12.365 [opensc-tool] reader-pcsc.c:326:pcsc_transmit:\x20
Outgoing APDU (5 bytes):
00 84 00 00 08 .....

P:1; T:0x2 10:11:12.375 [opensc-tool] reader-pcsc.c:335:pcsc_transmit:\x20
Incoming APDU (10 bytes):
01 02 03 04 05 06 07 08 90 00 ..........

"""
GPPRO = """\
SCardConnect("Example 0", T=*) -> T=1, 3BFA1800008131FE454A434F5033315632333298
A>> T=1 (4+0002) 00A4000C 02 3F00
A<< (0000+2) (12ms) 9000
A>> T=1 (4+0000) 00840000 08
A<< (0008+2) (1s2ms) 0102030405060708 9000
"""
SPY = (
    "1@>|1700000000|1|SCardTransmit\n1@0x1\n1@0x00000002\n1@0x10\n1@0x00000007\n1@00 A4 00 0C 02 3F 00 \n"
    "1@0x00000002\n1@0x10\n1@0x00000002\n1@90 00 \n1@<|1700000000|2|SCardTransmit|0x00000000\n"
    "1@>|1700000000|3|SCardTransmit\n1@0x1\n1@0x00000002\n1@0x10\n1@0x00000005\n1@00 84 00 00 08 \n"
    "1@0x00000002\n1@0x10\n1@0x0000000A\n1@01 02 03 04 05 06 07 08 90 00 \n1@<|1700000000|9|SCardTransmit|0x00000000\n"
)
TOOL = (
    "SCardTransmit\n i hCard: 0x1\n i pioSendPci.dwProtocol: 0x00000002\n i pioSendPci.cbPciLength: 0x00000010\n"
    " i bSendLength 0x00000007 (7)\n i bSendBuffer\n i  0000 00 A4 00 0C 02 3F 00                            .....?.\n"
    " o pioRecvPci.dwProtocol: 0x00000002\n o pioRecvPci.cbPciLength: 0x00000010\n o bRecvLength 0x00000002 (2)\n"
    " o bRecvBuffer\n o  0000 90 00                                           ..\n => SCARD_S_SUCCESS [0x00000000]  [0.000505]\n"
    "SCardTransmit\n i hCard: 0x1\n i pioSendPci.dwProtocol: 0x00000002\n i pioSendPci.cbPciLength: 0x00000010\n"
    " i bSendLength 0x00000005 (5)\n i bSendBuffer\n i  0000 00 84 00 00 08                                  .....\n"
    " o pioRecvPci.dwProtocol: 0x00000002\n o pioRecvPci.cbPciLength: 0x00000010\n o bRecvLength 0x0000000A (10)\n"
    " o bRecvBuffer\n o  0000 01 02 03 04 05 06 07 08 90 00                   ..........\n => SCARD_S_SUCCESS [0x00000000]  [0.000505]\n"
)
APDUPLAY = (
    "[begin]\nSCardTransmit (handle 0x00000001)#\napduCounter:0#\ntransmitted:00 a4 00 0c 02 3f 00\nresponseTime:12#\n"
    "SCardTransmit result:0x0#\nreceived:90 00\n\nSCardTransmit (handle 0x00000001)#\ntransmitted:00 84 00 00 08\n"
    "responseTime:12#\nSCardTransmit result:0x0#\nreceived:01 02 03 04 05 06 07 08 90 00\n"
)
DUMP = "# ATR: 3B00\n# PROTOCOL: T=1\n#\n# Sent\n00A4000C023F00\n# Received in 12ms\n9000\n# Sent\n0084000008\n# Received in 1s2ms\n01020304050607089000\n"
CLF = "R:3B00\nC:00A4000C023F00:9000:\nC:0084000008:9000:0102030405060708\n"
MARKED = "> 00A4000C023F00\n< 9000\n> 0084000008\n< 01020304050607089000\n"
FREERDP = "".join(
    f"[10:11:12:{time}] [1:2] [DEBUG][com.freerdp.channels.smartcard.client] - {line}\n"
    for time, line in (
        (100, "Transmit_Call {"), (100, "hCard: 0xBA66946000000000 (8)"), (100, "pioSendPci: dwProtocol: 2 cbExtraBytes: 0"),
        (100, "cbSendLength: 7"), (100, "pbSendBuffer: 00 A4 00 0C 02 3F 00 "), (100, "}"), (107, "Transmit_Return {"),
        (107, "ReturnCode: SCARD_S_SUCCESS (0x00000000)"), (107, "cbRecvLength: 2"), (107, "pbRecvBuffer: 90 00 "), (107, "}"),
        (110, "Transmit_Call {"), (110, "cbSendLength: 5"), (110, "pbSendBuffer: { 0084000008 }"), (110, "}"),
        (117, "Transmit_Return {"), (117, "  ReturnCode: SCARD_S_SUCCESS (0x00000000)"), (117, "  cbRecvLength: 10"),
        (117, "  pbRecvBuffer: { 01020304050607089000 }"), (117, "}"),
    )
)  # fmt: skip
VSCCLIENT = (
    "\n\n >>> 0 recv APDU: \n00 A4 00 0C 02 3F 00 \nlibcacard response: 90 00 \n\n\n >>> 1 recv APDU: \n00 84 00 00 08 \n"
    "libcacard response: 01 02 03 04 05 06 07 08 90 00 \n"
)
LOGS = {
    "pcscd": PCSCD, "opensc": OPENSC, "gppro": GPPRO, "pcsc-spy": SPY, "pcsc-spy, its tool": TOOL, "apduplay": APDUPLAY,
    "dump": DUMP, "clf": CLF, "hex": MARKED, "freerdp": FREERDP, "libcacard": VSCCLIENT,
}  # fmt: skip


WAYS = {
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, big-endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "UTF-16 without its mark": lambda text: text.encode("utf-16-le"),
    "quoted": lambda text: "".join(f"> {line}\n" for line in text.splitlines()).encode(),
    "quoted twice": lambda text: "".join(f"> > {line}\n" for line in text.splitlines()).encode(),
    "quoted behind blanks": lambda text: "".join(f"    > {line}\n" for line in text.splitlines()).encode(),
    "hard blanks": lambda text: text.replace(" ", "\u00a0").encode(),
    "the source of a page": lambda text: text.replace("<", "&lt;").replace(">", "&gt;").encode(),
    "colours": lambda text: "".join(f"\x1b[35m{line}\x1b[0m\n" for line in text.splitlines()).encode(),
    "colours without escape": lambda text: "".join(f"[36m{line}[0m\n" for line in text.splitlines()).encode(),
    "colours as rsyslog writes them": lambda text: "".join(f"#033[35m{line}#033[0m\n" for line in text.splitlines()).encode(),
    "a tab": lambda text: "".join(f"\t{line}\n" for line in text.splitlines()).encode(),
    "four blanks": lambda text: "".join(f"    {line}\n" for line in text.splitlines()).encode(),
    "the journal": lambda text: "".join(f"juin 17 09:49:26 host pcscd[1353]: {line}\n" for line in text.splitlines()).encode(),
    "the journal, ISO": lambda text: "".join(f"2024-06-17T09:49:26+0200 host app[1353]: {line}\n" for line in text.splitlines()).encode(),
    "the journal, with microseconds": lambda text: "".join(f"Jun 17 09:49:26.123456 host app[1]: {line}\n" for line in text.splitlines()).encode(),
    "the journal, monotonic": lambda text: "".join(f"[ 1234.567890] host app[1353]: {line}\n" for line in text.splitlines()).encode(),
    "syslog, RFC 5424": lambda text: "".join(f"<30>1 2024-06-17T09:49:26.1Z host app 1353 - - {line}\n" for line in text.splitlines()).encode(),
    "Docker": lambda text: "".join(f"pcscd-1  | {line}\n" for line in text.splitlines()).encode(),
    "behind a long preface": lambda text: (b"It began on a Monday, and nobody knows why.\n" * 2000) + text.encode(),
    "without the last line end": lambda text: text.rstrip("\n").encode(),
}  # fmt: skip
