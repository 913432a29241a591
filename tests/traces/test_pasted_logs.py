"""Logs as people paste them: every dialect with its marks, its wrapping and its quirks. The dialogues are invented."""

import pytest
from sentlogs import CHALLENGE, LONG, NONE, PATH, SELECT, opened, said

DIALECTS = {
    "scriptor": (
        ("Using T=0 protocol\n> 00 A4 00 0C 02 3F 00\n< 90 00 : Normal processing.\n"
        "> 00 A4 09 04 02 2F 01\n< 61 27 : 0x27 bytes of response still available.\n"
        "> 00 B0 00 00 14\n< 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F \n10 11 12 13 90 00 : Normal processing.\n"),
        [SELECT, PATH, LONG],
    ),
    "scriptor with the echo of its file": (
        ("No reader given: using Example 00 00\nUsing T=1 protocol\nUsing given file: dialogue.txt\n# a remark\n\n"
        "00A4000C023F00\n> 00 A4 00 0C 02 3F 00 \n< 90 00 : Normal processing.\nreset\n> RESET\n"
        "< OK: 3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00 \n00 B0 00\\\n 00 14\n> 00 B0 00 00 14\n"
        "< 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F \n10 11 12 13 90 00 : Normal processing.\nexit\n"),
        [SELECT, LONG],
    ),
    "opensc-tool": (
        ("Using reader with a card: Example 00 00\nSending: 00 A4 00 0C 02 3F 00 \nReceived (SW1=0x90, SW2=0x00)\n"
        "Sending: 00 B0 00 00 14 \nReceived (SW1=0x90, SW2=0x00):\n"
        "00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F ................\n10 11 12 13                                     ....\n"),
        [SELECT, LONG],
    ),
    "opensc-tool with a short first row": (
        "Sending: 00 84 00 00 08 \nReceived (SW1=0x90, SW2=0x00):\n01 02 03 04 05 06 07 08 ........\n",
        [CHALLENGE],
    ),
    "Sending and Received": (
        ("2024-05-14 10:11:12,345 INFO Sending: 00A4000C023F00\n2024-05-14 10:11:12,395 INFO Received: 9000\n"
        "2024-05-14 10:11:13,000 INFO Sending: 00 84 00 00 08\n2024-05-14 10:11:13,001 INFO Received: 01 02 03 04 05 06 07 08 90 00\n"),
        [SELECT, CHALLENGE],
    ),
    "gpshell": (
        ("mode_211\nenable_trace\nCommand --> 00A4000C023F00\nWrapped command --> 00A4000C023F00\nResponse <-- 9000\n"
        "Unwrapped response <-- 9000\nCommand --> 0084000008\nWrapped command --> 0084000008\n"
        "Response <-- 01020304050607089000\nUnwrapped response <-- 01020304050607089000\n"),
        [SELECT, CHALLENGE],
    ),
    "gpshell where wrapping changes the command": (
        ("Command --> 80F28000024F0000\nWrapped command --> 84F280000A4F00A1A2A3A4A5A6A7A800\nResponse <-- 6A88\n"
        "Unwrapped response <-- 6A88\n"),
        [("84F280000A4F00A1A2A3A4A5A6A7A800", "6A88")],
    ),
    "gpshell's debug log": (
        ("14/05 10:11:12 +OPGP_send_APDU in connection.c at line 320 : start\n"
        "14/05 10:11:12 OPGP_send_APDU: Command --> 00A4000C023F00\n"
        "14/05 10:11:12 OPGP_send_APDU: Response <-- 9000\n"),
        [SELECT],
    ),
    "pySim": (
        "Using PC/SC reader interface\n-- RESET\n-> 00a4000c02 3f00\n<- 9000: \n-> 0084000008 \n<- 9000: 0102030405060708\n",
        [SELECT, CHALLENGE],
    ),
    "pyscard": (
        ("connecting to Example 00 00\n> 00 A4 00 0C 02 3F 00\n<  [] 90 0 \n> 00 84 00 00 08\n<  01 02 03 04 05 06 07 08 90 0 \n"
        "disconnecting from Example 00 00\n"),
        [SELECT, CHALLENGE],
    ),
    "pyscard, a status word of two digits each": (
        "> 00 CA 9F 7F 00\n<  [] 6A 82 \n> 00 84 00 00 08\n<  01 02 03 04 05 06 07 08 90 0 \n",
        [("00CA9F7F00", "6A82"), CHALLENGE],
    ),
    "ykman": (
        ("DEBUG 10:11:12.345 [yubikit.core.smartcard._send_apdu:310] SEND: 00a4000c023f00\n"
        "DEBUG 10:11:12.350 [yubikit.core.smartcard._send_apdu:315] RECV: 9000\n"
        "DEBUG 10:11:12.351 [ykman.pcsc.transmit:77] SEND: 0084000008\n"
        "DEBUG 10:11:12.360 [ykman.pcsc.transmit:80] RECV: 0102030405060708 SW=9000\n"),
        [SELECT, CHALLENGE],
    ),
    "vicc": (
        ("14.05.2024 10:11:12  [INFO] Command APDU (7 bytes):\n  0000:  00 A4 00 0C 02 3F 00                              .....?.\n"
        "14.05.2024 10:11:12  [INFO] Response APDU (2 bytes):\n  0000:  90 00                                             ..\n\n"
        "14.05.2024 10:11:13  [INFO] Command APDU (5 bytes):\n  0000:  00 B0 00 00 14                                    .....\n"
        "14.05.2024 10:11:13  [INFO] Response APDU (22 bytes):\n  0000:  00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F   ................\n"
        "  0010:  10 11 12 13 90 00                                 ......\n"),
        [SELECT, LONG],
    ),
    "the FIDO log of Windows": (
        ("Ctap Nfc SCardTransmit Request:\n\nTransactionId: {00000000-0000-4000-8000-000000000000}\nReader: Example 0\n\n"
        "Request: 7 bytes\n0x00A4000C023F00\n\nApdu Status: 0x9000\n\nRequest: 5 bytes\n0x0084000008\n\n"
        "Response data: 8 bytes\n0x0102030405060708\n\nApdu Status: 0x9000\n"),
        [SELECT, CHALLENGE],
    ),
    "C-APDU and R-APDU": (
        "C-APDU: 00 A4 00 0C 02 3F 00\nR-APDU: 90 00\nC-APDU: 00 84 00 00 08\nR-APDU: 01 02 03 04 05 06 07 08 90 00\n",
        [SELECT, CHALLENGE],
    ),
    "arrows": ("=> 00A4000C023F00\n<= 9000 (12 ms)\n--> 0084000008\n<-- 01020304050607089000\n", [SELECT, CHALLENGE]),
    "Request, Response and SW apart": (
        "Request: 00 84 00 00 08\nResponse: 01 02 03 04 05 06 07 08\nSW: 9000\n",
        [CHALLENGE],
    ),
    "both in one line": (
        "CMD: 00A4000C023F00 -> RSP: 9000\nCMD: 0084000008 -> RSP: 01020304050607089000\n",
        [SELECT, CHALLENGE],
    ),
    "Tx and Rx": ("[10:11:12.345] Tx: 0x00 0xA4 0x00 0x0C 0x02 0x3F 0x00\n[10:11:12.355] Rx: 0x90 0x00\n", [SELECT]),
    "commas and 0x": ("Send APDU = {0x00, 0x84, 0x00, 0x00, 0x08}\nReceived APDU = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x90, 0x00}\n", [CHALLENGE]),
    "below their marks": ("Sending:\n00 A4 00 0C 02 3F 00\nReceived:\n90 00\n", [SELECT]),
    "rows below their marks": ("Command:\n00 A4 04 00 10 01 02 03 04 05 06 07 08 09 0A 0B\n0C 0D 0E 0F 10\nResponse:\n6A 82\n", [("00A40400100102030405060708090A0B0C0D0E0F10", "6A82")]),
    "APDU: with a status word apart": ("Sending APDU: 00 84 00 00 08\nReceived: 01 02 03 04 05 06 07 08, SW: 0x9000\n", [CHALLENGE]),
    "SW1 and SW2": ("--> 00 84 00 00 08\n<-- 01 02 03 04 05 06 07 08 SW1=90 SW2=00\n", [CHALLENGE]),
    "C: and R:": ("C: 00 A4 00 0C 02 3F 00\nR: 90 00\n", [SELECT]),
    "set apart by blanks": ("cmd  : 00 A4 00 0C 02 3F 00\nresp : 90 00\n", [SELECT]),
    "their number before them": ("Sent 7 bytes: 00 A4 00 0C 02 3F 00\nReceived 2 bytes: 90 00\n", [SELECT]),
    "an arrow between them": ("SCardTransmit: 00 A4 00 0C 02 3F 00 -> 90 00\n0084000008 => 01020304050607089000\n", [SELECT, CHALLENGE]),
    "the log of a telephone": ("05-14 10:11:12.345  1234  5678 D NfcService: Transmit: 00A4000C023F00\n05-14 10:11:12.355  1234  5678 D NfcService: Response: 9000\n", [SELECT]),
    "a fence of Markdown": ("```\n00A4000C023F00\n9000\n```\n", [SELECT]),
    "in turn": ("00A4000C023F00\n9000\n\n00 84 00 00 08\n01 02 03 04 05 06 07 08 90 00\n", [SELECT, CHALLENGE]),
    "in turn, a command unanswered": ("00A4000C023F00\n9000\n00CA9F7F00\n0084000008\n01020304050607089000\n", [SELECT, NONE, CHALLENGE]),
    "unanswered": ("> 00A4000C023F00\n< 9000\n> 00CA9F7F00\n> 0084000008\n< 01020304050607089000\n", [SELECT, NONE, CHALLENGE]),
}  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_read(name: str) -> None:
    text, wanted = DIALECTS[name]
    kind, source, items = opened(text)
    assert (kind, said(items)) == ("hex", wanted)
    told = source.unread.notices()
    assert not told or name in {"gpshell", "gpshell's debug log", "the FIDO log of Windows"}
