"""Logs as people send them: redacted, quoted, in other encodings, cut, failed; of two cards, of other systems."""

import io
import re

import pytest
from sentlogs import (
    CHALLENGE,
    FREERDP,
    GPPRO,
    LOGS,
    NONE,
    OPENSC,
    PCSCD,
    PIN,
    SELECT,
    SPY,
    TOOL,
    WAYS,
    opened,
    said,
)

from bifente.traces.errors import TraceError
from bifente.traces.formats.intake import plain
from bifente.traces.model import Exchange, Level, ReaderEvent


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LOGS)
def test_whatever_was_done_to_a_log_it_is_read(name: str, way: str) -> None:
    kind, source, items = opened(WAYS[way](LOGS[name]))
    assert said(items) == [SELECT, CHALLENGE]
    assert kind == name.partition(",")[0]
    assert not source.unread.count or way == "behind a long preface"


@pytest.mark.parametrize(
    "hidden",
    [
        "XX XX XX XX",
        "xx xx xx xx",
        "..  .. .. ..".replace("  ", " "),
        "XXXXXXXX",
        "[redacted]",
        "** ** ** **",
        "3X 3X 3X 3X",
    ],
)
@pytest.mark.parametrize("name", ["pcscd", "opensc", "gppro", "pcsc-spy", "apduplay", "dump", "clf", "hex"])
def test_redacted_bytes_are_masked(name: str, hidden: str) -> None:
    command = "00 20 00 01 04 31 32 33 34"
    text = {
        "pcscd": f"00000000 [1] APDU: {command} \n00000001 [1] SW: 90 00 \n",
        "opensc": f"Outgoing APDU (9 bytes):\n{command} .....1234\n\nIncoming APDU (2 bytes):\n90 00 ..\n",
        "gppro": f"A>> T=1 (4+0004) {command}\nA<< (0000+2) (1ms) 9000\n",
        "pcsc-spy": SPY.replace("0x00000007\n1@00 A4 00 0C 02 3F 00 ", f"0x00000009\n1@{command} "),
        "apduplay": f"transmitted:{command}\nreceived:90 00\n",
        "dump": f"# ATR: 3B00\n{command}\n9000\n",
        "clf": f"R:3B00\nC:{command}:9000:\n",
        "hex": f"> {command}\n< 90 00\n",
    }[name].replace("31 32 33 34", hidden)  # fmt: skip
    kind, source, items = opened(text)
    assert (kind, said(items)[0], source.unread.notices()) == (name, PIN, [])


TAIL = {
    "pcscd": "00000508 [1] SW: 61 27 \n",
    "opensc": "Incoming APDU (2 bytes):\n61 27 a'\n\n",
    "gppro": "A<< (0000+2) (12ms) 6127\n",
    "pcsc-spy": "1@0x00000002\n1@61 27 \n1@<|1700000000|2|SCardTransmit|0x00000000\n",
    "apduplay": "received:61 27\n",
    "hex": "< 6127\n",
    "freerdp": FREERDP[FREERDP.index("[10:11:12:107]") : FREERDP.index("[10:11:12:110]")],
    "libcacard": "libcacard response: 61 27 \n",
}


@pytest.mark.parametrize("name", TAIL)
def test_a_tail_that_begins_with_an_answer_is_read_and_says_so(name: str) -> None:
    kind, source, items = opened(TAIL[name] + LOGS[name])
    assert (kind, said(items)) == (name, [SELECT, CHALLENGE])
    first = source.unread.first
    assert 1 <= first <= 5
    assert any(f"line {first}: " in line for line in source.unread.notices())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("00000000 winscard.c:1:SCardTransmit() Send Protocol: T=1\n", "with --apdu"),
        ("P:1; T:0x2 10:11:12.345 [opensc-tool] sc.c:325:sc_detect_card_presence: called\n", "OPENSC_DEBUG"),
        ("1@>|1700000000|1|SCardEstablishContext\n1@0x0\n1@<|1700000000|2|SCardEstablishContext|0x00000000\n", "SCardTransmit"),
        ("SCardTransmit\n i hCard: 0x1\n => what?\n", "this result cannot be read"),
        ("# cardpeek trace file\n# version 0\n", "neither"),
        (FREERDP.replace("Buffer: ", "Buffer= "), "without the bytes"),
        ("> 00A4zz00023F00\n< 90zz\n", None),
    ],
)  # fmt: skip
def test_a_log_of_which_nothing_is_understood_is_an_error(text: str, why: str | None) -> None:
    with pytest.raises(TraceError, match=why or "in none of the known formats") as caught:
        opened(text)
    assert caught.value.line is not None


def test_what_is_not_understood_is_counted_and_named() -> None:
    text = PCSCD + "00000010 [111] APDU: 00 A4 zz \n00000010 [111] SW: 90 00 \n" * 30
    _, source, items = opened(text)
    assert len(said(items)) == 2
    count, first, second = source.unread.notices()
    assert count == "60 lines were not understood: 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 and 50 more"
    assert first == "line 6: command: these are not pairs of hexadecimal digits"
    assert second == "line 7: an answer without a command"


FAILED = {
    "gppro, 2020": "A>> T=1 (4+0000) 00CA9F7F 00\n<< SCARD_E_NOT_TRANSACTED\n",
    "gppro, with its time": "A>> T=1 (4+0000) 00CA9F7F 00\n<< (12ms) SCARD_E_NOT_TRANSACTED\n",
    "gppro, an exception": "A>> T=1 (4+0000) 00CA9F7F 00\n<< Exception (3ms)\n",
    "gppro, 2026": "A#1>> (4+0000) 00CA9F7F 00\n<< SCARD_W_REMOVED_CARD (1.25ms)\n",
    "gppro, nothing at all": "A>> T=1 (4+0000) 00CA9F7F 00\n",
    "apdu4j": ">> 00CA9F7F 00\n<< [error] the card is gone (0.12ms)\n",
    "pcscd": "00000010 [111] APDU: 00 CA 9F 7F 00 \n00000010 [111] SW: \n",
    "pcscd, nothing": "00000010 [111] APDU: 00 CA 9F 7F 00 \n",
    "opensc": "Outgoing APDU (5 bytes):\n00 CA 9F 7F 00 .....\n\n",
    "pcsc-spy": "1@>|1|1|SCardTransmit\n1@0x1\n1@0x2\n1@0x10\n1@0x5\n1@00 CA 9F 7F 00 \n1@0x2\n1@0x10\n1@0x102\n1@NULL\n1@<|1|2|SCardTransmit|0x80100016\n",
    "apduplay": "SCardTransmit (handle 0x00000001)#\ntransmitted:00 ca 9f 7f 00\nresponseTime:1#\nSCardTransmit result:0x80100016#\nreceived:\n",
    "dump": "# Sent\n00CA9F7F00\n",
    "hex": "> 00CA9F7F00\n",
    "freerdp": FREERDP[: FREERDP.index("[10:11:12:110]")]
    .replace("00 A4 00 0C 02 3F 00", "00 CA 9F 7F 00").replace("Length: 7", "Length: 5")
    .replace("SCARD_S_SUCCESS (0x00000000)", "SCARD_E_NOT_TRANSACTED (0x80100016)").replace("90 00", "null"),
    "libcacard": " >>> 7 recv APDU: \n00 CA 9F 7F 00 \n",
}  # fmt: skip


@pytest.mark.parametrize("name", FAILED)
def test_a_failed_transmit_is_an_exchange_without_an_answer(name: str) -> None:
    log = LOGS["gppro" if name == "apdu4j" else name.partition(",")[0]]
    _, source, items = opened(
        FAILED[name] + log if name != "dump" else log + FAILED[name] + "# Sent\n00A4000C023F00\n9000\n"
    )
    assert NONE in said(items)
    assert [each for each in said(items) if each != NONE][:2] == [SELECT, CHALLENGE]
    assert source.unread.notices() == []


def test_pcscd_in_syslog_has_neither_times_nor_threads() -> None:
    text = "".join(
        f"Jun 17 09:49:{second:02d} host pcscd: {line}\n"
        for second, line in enumerate(line.split("] ", 1)[1] for line in PCSCD.splitlines())
    )
    kind, source, items = opened(text)
    assert (kind, said(items), source.unread.notices()) == ("pcscd", [SELECT, CHALLENGE], [])
    assert [item.duration for item in items if isinstance(item, Exchange)] == [1_000_000, 1_000_000]


def test_bare_lines_of_pcscd() -> None:
    kind, _, items = opened(
        "APDU: 00 A4 00 0C 02 3F 00\nSW: 90 00\nAPDU: 00 84 00 00 08\nSW: 01 02 03 04 05 06 07 08 90 00\n"
    )
    assert (kind, said(items)) == ("pcscd", [SELECT, CHALLENGE])


def test_wrapped_lines_of_pcscd_are_put_together() -> None:
    text = (
        "00000000 [1] APDU: 00 D6 00 00 14 00 01 02 03 04 05 06 07 08 09 0A\n0B 0C 0D 0E 0F\n10 11 12 13\n"
        "00000001 [1] SW: 90 00\n00000002 [1] APDU: 00 B0 00 00 04\n00000003 [1] SW: 01 02\n03 04 90\n00\n"
    )
    kind, source, items = opened(text)
    assert (kind, source.unread.notices()) == ("pcscd", [])
    assert said(items) == [
        ("00D6000014" + bytes(range(20)).hex().upper(), "9000"),
        ("00B0000004", "010203049000"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        (
            "00000000 [1] APDU: 00 84 00 00 08\n00000001 [1] SW: 01 02 03 04 05 06 07 08 90 00\n"
            "00000001 [1] winscard.c:1:SCardEndTransaction() Status: 0\n11 22\n"
        ),
        "transmitted:00 84 00 00 08\nreceived:01 02 03 04 05 06 07 08 90 00\n11 22\n",
    ],
    ids=["pcscd", "apduplay"],
)
def test_bytes_that_continue_nothing_are_counted(text: str) -> None:
    _, source, items = opened(text)
    assert said(items) == [CHALLENGE]
    assert source.unread.count == 1
    assert "continue" in " ".join(source.unread.notices())


def test_a_wrapped_command_of_apduplay_is_put_together() -> None:
    _, source, items = opened("transmitted:00 A4 00 0C\n02 3F 00\nreceived:90 00\n")
    assert (said(items), source.unread.count) == ([SELECT], 0)


def test_our_own_form_keeps_the_texts_that_look_like_a_page() -> None:
    line = '{"bifente-trace": 1, "reader": "A &lt;B&gt; \u00a0C"}'
    assert plain(io.BytesIO(line.encode())).read().decode() == line


def test_two_cards_of_one_pcscd_are_told_apart() -> None:
    text = (
        "00000000 [1] winscard.c:1:SCardTransmit() Send Protocol: T=0\n00000001 [1] APDU: 00 84 00 00 08 \n"
        "00000000 [2] winscard.c:1:SCardTransmit() Send Protocol: T=1\n00000001 [2] APDU: 00 A4 00 0C 02 3F 00 \n"
        "00000001 [1] SW: 01 02 03 04 05 06 07 08 90 00 \n00000001 [2] SW: 90 00 \n00000001 [2] APDU: 00 CA 9F 7F 00 \n"
    )
    _, _, items = opened(text)
    exchanges = [item for item in items if isinstance(item, Exchange)]
    assert said(items) == [CHALLENGE, SELECT, NONE]
    assert [(item.slot, item.level) for item in exchanges] == [
        ("", Level.TPDU), ("thread 2", Level.APDU), ("thread 2", Level.APDU),
    ]  # fmt: skip


def test_the_driver_of_pcscd_names_the_reader() -> None:
    driver = "00000001 [{0}] ifdhandler.c:1384:IFDHTransmitToICC() usb:058f/9540:libudev:0:/dev/bus/usb/005/028 (lun: {1})\n"
    text = (
        "00000001 [9] readerfactory.c:1:RFInitializeReader() Attempting startup of First 00 00 using /usr/lib/x.so\n"
        "00000001 [9] ifdhandler.c:1:CreateChannelByNameOrChannel() Lun: 0, device: usb:058f/9540\n"
        "00000001 [9] readerfactory.c:1:RFInitializeReader() Attempting startup of Second 00 00 using /usr/lib/x.so\n"
        "00000001 [9] ifdhandler.c:1:CreateChannelByNameOrChannel() Lun: 10000, device: usb:058f/9540\n"
        "00000001 [1] APDU: 00 84 00 00 08 \n" + driver.format(1, "0") + "00000001 [1] SW: 01 02 03 04 05 06 07 08 90 00 \n"
        "00000001 [1] APDU: 00 A4 00 0C 02 3F 00 \n" + driver.format(1, "10000") + "00000001 [1] SW: 90 00 \n"
    )  # fmt: skip
    _, source, items = opened(text)
    assert source.header.reader == "First 00 00"
    assert [item.slot for item in items] == ["", "Second 00 00"]


def test_without_threads_two_commands_at_once_are_ambiguous_and_it_is_said() -> None:
    text = (
        "00000000 APDU: 00 84 00 00 08 \n00000001 APDU: 00 A4 00 0C 02 3F 00 \n00000001 SW: 90 00 \n"
        "00000001 SW: 01 02 03 04 05 06 07 08 90 00 \n00000001 APDU: 00 A4 00 0C 02 3F 00 \n00000001 SW: 90 00 \n"
    )
    _, source, items = opened(text)
    assert said(items) == [(CHALLENGE[0], ""), (SELECT[0], ""), SELECT]
    assert source.unread.notices()[:2] == [
        "2 lines were not understood: 3, 4",
        "line 3: whose answer this is cannot be known: the commands of the lines 1, 2 wait, and no thread is told",
    ]


def test_a_clock_that_steps_back() -> None:
    for name, old, new in (
        ("pcscd", "00000508 [111] SW", "-00001234 [111] SW"),
        ("opensc", "10:11:12.355", "10:11:11.999"),
        ("gppro", "(12ms)", "(-3ms)"),
        ("pcsc-spy", "<|1700000000|2|", "<|1699999999|2|"),
        ("pcsc-spy, its tool", "[0.000505]", "[-1.999900]"),
        ("apduplay", "responseTime:12#", "responseTime:-3#"),
        ("dump", "in 12ms", "in -3ms"),
        ("freerdp", "10:11:12:107", "10:11:11:107"),
    ):
        assert old in LOGS[name]
        kind, source, items = opened(LOGS[name].replace(old, new))
        exchanges = [item for item in items if isinstance(item, Exchange)]
        assert (kind, said(items)) == (name.partition(",")[0], [SELECT, CHALLENGE])
        assert source.unread.notices() == []
        assert exchanges[0].duration == 0
        assert exchanges[0].time <= exchanges[1].time


APDU4J = """\
# SCardConnect("Example 0", T=*) -> T=1, 3BFA1800008131FE454A434F5033315632333298
# SCardBeginTransaction("Example 0")
A>> (4+2)    00A4000C 02 3F00
A<< (0+2) 9000 (12ms)
# MANAGE CHANNEL - OPEN -> 1
A#1>> (4+0000) 00840000 08
A#1<< (0008+2) (1.25ms) 0102030405060708 9000
B>> T=1 (5) 0084000008
B<< (10) 01020304050607089000
>> 00840000 08
<< 0102030405060708 9000 (1s250ms)
>> AABB [malformed]
<< 6700 (0.12ms)
# SCardEndTransaction("Example 0") in 40ms
# SCardDisconnect("Example 0", true) tx:5/rx:20 in 40ms
"""


def test_apdu4j_since_2023() -> None:
    kind, source, items = opened(APDU4J)
    assert (kind, source.unread.notices()) == ("gppro", [])
    assert said(items) == [SELECT, CHALLENGE, CHALLENGE, CHALLENGE, ("AABB", "6700")]
    assert (source.header.reader, source.header.atr) == (
        "Example 0", bytes.fromhex("3BFA1800008131FE454A434F5033315632333298"),
    )  # fmt: skip
    assert [item.duration for item in items if isinstance(item, Exchange)] == [
        12_000,
        1_250,
        0,
        1_250_000,
        120,
    ]


def test_gppro_with_two_readers() -> None:
    other = GPPRO.replace("Example 0", "Another 1")
    _, source, items = opened(GPPRO + other)
    assert source.header.reader == "Example 0"
    assert [item.slot for item in items] == [""] * 3 + ["Another 1"] * 3
    assert [item.kind.value for item in items if isinstance(item, ReaderEvent)] == [
        "cold reset",
        "cold reset",
    ]


def test_two_threads_of_the_spying_tool() -> None:
    second = "".join(f"    {line}\n" for line in TOOL.splitlines())
    mixed = "".join(
        f"{one}\n{other}\n" for one, other in zip(TOOL.splitlines(), second.splitlines(), strict=True)
    )
    named = "".join(f" (t0) {line}\n     (t1) {line}\n" for line in TOOL.splitlines())
    for text in (mixed, named):
        kind, source, items = opened(text)
        assert (kind, source.unread.notices()) == ("pcsc-spy", [])
        assert said(items) == [SELECT, SELECT, CHALLENGE, CHALLENGE]


def test_what_the_spying_tool_prints_besides() -> None:
    text = (
        TOOL + "SCarControl\n i hCard: 0x1\n i dwControlCode: CM_IOCTL_GET_FEATURE_REQUEST (0x42000D48)\n"
        " i bSendLength 0x00000000 (0)\n i bSendBuffer\n i  NULL\n o bRecvLength 0x00000000 (0)\n o bRecvBuffer\n"
        " => SCARD_S_SUCCESS [0x00000000]  [??.??]\n  parsing CM_IOCTL_GET_FEATURE_REQUEST results:\n"
        "  Tag FEATURE_IFD_PIN_PROPERTIES is 0x4233000A\n  bTimeOut2: 0\n\nThread 1/1\nResults sorted by total execution time\n"
        "total time: 0.001010 sec\n0.001010 sec (  2 calls) 100.00% SCardTransmit\n"
    )
    _, source, items = opened(text)
    assert said(items) == [SELECT, CHALLENGE]
    assert source.unread.notices() == []


def test_the_spying_library_before_1_9_9_tells_no_protocol() -> None:
    text = (
        "1@>|1700000000|1|SCardTransmit\n1@0x1\n1@0x00000007\n1@00 A4 00 0C 02 3F 00 \n1@0x00000002\n1@90 00 \n"
        "1@<|1700000000|2|SCardTransmit|Command successful.|0x00000000\n"
    )
    assert said(opened(text)[2]) == [SELECT]


def test_a_spied_program_that_was_killed() -> None:
    kind, source, items = opened(SPY.partition("1@<|1700000000|9|")[0])
    assert (kind, source.unread.notices()) == ("pcsc-spy", [])
    assert said(items) == [SELECT, (CHALLENGE[0], "")]


WINDOWS = OPENSC.replace("P:1; T:0x2 ", "P:11916; T:34500 2023-11-03 ")
OLD_WINDOWS = OPENSC.replace("P:1; T:0x2 ", "2013-05-23 ")
OLD_MAC = OPENSC.replace("P:1; T:0x2 ", "0x7fff7e07b300 ").replace(":12.355", ":12.140733193388068")


@pytest.mark.parametrize("text", [WINDOWS, OLD_WINDOWS, OLD_MAC, re.sub(r"P:1; T:0x2 \S+ ", "", OPENSC)])
def test_opensc_on_other_systems(text: str) -> None:
    kind, source, items = opened(text)
    assert (kind, source.header.reader) == ("opensc", "Example 00 00")
    assert (said(items), source.unread.notices()) == ([SELECT, CHALLENGE], [])


def test_opensc_with_two_threads_and_two_readers() -> None:
    first, second = (
        OPENSC.replace("T:0x2", f"T:{thread}").replace("Example 00 00", reader)
        for thread, reader in ((5, "A 0"), (6, "B 0"))
    )
    cut = first.index("P:1; T:5 10:11:12.355")
    other = second.index("P:1; T:6 10:11:12.355")
    _, source, items = opened(first[:cut] + second[:other] + first[cut:] + second[other:])
    assert source.header.reader == "A 0"
    assert [(item.slot, item.command.hex()) for item in items if isinstance(item, Exchange)] == [
        ("", SELECT[0]), ("", CHALLENGE[0]), ("B 0", SELECT[0]), ("B 0", CHALLENGE[0]),
    ]  # fmt: skip
    assert source.unread.notices() == []


def test_a_damaged_dump_of_opensc_is_named_and_passed_over() -> None:
    _, source, items = opened(OPENSC.replace("90 00 ..\n", "90 0\n", 1))
    assert said(items) == [(SELECT[0], ""), CHALLENGE]
    assert source.unread.notices() == [
        "1 line was not understood: 8", "line 8: Incoming APDU: a row of 2 bytes is wanted",
    ]  # fmt: skip


def test_libcacard_tells_headers_and_lengths_only() -> None:
    text = (
        "(process:7): libcacard-DEBUG: 10:11:12.100: vreader_xfr_bytes: called\n"
        "(process:7): libcacard-DEBUG: 10:11:12.100: vreader_xfr_bytes: CLS=0x0,INS=0xa4,P1=0x4,P2=0x0,Lc=7,Le=256 select file\n"
        "(process:7): libcacard-DEBUG: 10:11:12.150: vreader_xfr_bytes: status=36864 sw1=0x90 sw2=0x0 len=0 (total=2)\n"
        "(process:7): libcacard-DEBUG: 10:11:12.200: vreader_xfr_bytes: CLS=0x0,INS=0x84,P1=0x0,P2=0x0,Lc=0,Le=8 get challenge\n"
        "(process:7): libcacard-DEBUG: 10:11:12.250: vreader_xfr_bytes: status=36864 sw1=0x90 sw2=0x0 len=8 (total=10)\n"
    )
    kind, source, items = opened(text)
    assert (kind, source.unread.notices()) == ("libcacard", [])
    assert said(items) == [("00A4040007**************00", "9000"), ("0084000008", "****************9000")]
    assert [item.duration for item in items if isinstance(item, Exchange)] == [50_000, 50_000]


def test_freerdp_names_reader_and_atr_and_cuts_long_answers() -> None:
    prefix = "[10:11:12:100] [1:0002] [DEBUG][com.freerdp.scard.pack] - "
    lines = (
        "[smartcard_trace_connect_a_call]: ConnectA_Call {",
        "[smartcard_trace_connect_a_call]: szReader: Example 0 dwShareMode: SCARD_SHARE_SHARED (0x00000002) dwPreferredProtocols: x",
        "[smartcard_trace_connect_a_call]: }",
        "[smartcard_trace_connect_return]: Connect_Return {",
        "[smartcard_log_redir_handle]: hCard: { AABB }",
        "[smartcard_trace_connect_return]: }",
        "[smartcard_trace_status_return]: StatusA_Return {",
        "[smartcard_trace_status_return]:   cbAtrLen: 5 pbAtr: { 3B02145011000000 }",
        "[smartcard_trace_status_return]: }",
        "[smartcard_trace_transmit_call]: Transmit_Call {",
        "[smartcard_log_redir_handle]: hCard: { AABB }",
        "[smartcard_trace_transmit_call]: cbSendLength: 5",
        "[smartcard_trace_transmit_call]: pbSendBuffer: { 0084000008 }",
        "[smartcard_trace_transmit_call]: }",
        "[smartcard_trace_transmit_return]: Transmit_Return {",
        "[smartcard_trace_transmit_return]:   ReturnCode: SCARD_S_SUCCESS (0x00000000)",
        "[smartcard_trace_transmit_return]:   cbRecvLength: 10",
        "[smartcard_trace_transmit_return]:   pbRecvBuffer: { 01020304050",
        "[smartcard_trace_transmit_return]: }",
    )
    _, source, items = opened("".join(f"{prefix}{line}\n" for line in lines))
    assert (source.header.reader, source.header.atr) == ("Example 0", bytes.fromhex("3B02145011"))
    assert said(items) == [("0084000008", "0102030405**********")]
    assert {item.slot for item in items} == {""}


LONG = "00CB3FFF" + "0A" + "4D087006BF8101028000" + "00"
ANSWER = "7F49" + "82" * 60 + "9000"


def wrapped(text: str, width: int) -> str:
    """*text* as mail sends it on."""
    return "".join(
        line if line.startswith("#") else "".join(f"{line[at : at + width].rstrip()}\n" for at in range(0, len(line) - 1, width))
        for line in text.splitlines(keepends=True)
    )  # fmt: skip


@pytest.mark.parametrize("width", [20, 22, 38, 76])
@pytest.mark.parametrize("form", ["# {}ms\n", "# Received in {}ms\n"])
def test_a_wrapped_dump_reads_as_the_whole_one(form: str, width: int) -> None:
    before = "# Sent\n" if "Received" in form else ""
    text = "# ATR: 3B00\n# PROTOCOL: T=1\n#\n" + "".join(
        f"{before}{command}\n{form.format(took)}{answer}\n"
        for took, (command, answer) in enumerate([(LONG, ANSWER), (LONG, "9000"), (LONG[:10], "6A82"), (LONG, ANSWER)])
    )  # fmt: skip
    assert wrapped(text, width) != text
    kind, source, items = opened(wrapped(text, width))
    assert (kind, said(items)) == ("dump", said(opened(text)[2]))
    assert len(said(items)) == 4
    assert source.unread.notices() == []


def test_a_dump_that_is_wrapped_unevenly_says_so() -> None:
    _, source, items = opened(
        f"# ATR: 3B00\n{LONG}\n# 1ms\n{ANSWER[:40]}\n{ANSWER[40:50]}\n{ANSWER[50:]}\n{LONG}\n# 2ms\n9000\n"
    )
    assert len(said(items)) == 1
    assert "no telling where one ends" in " ".join(source.unread.notices())
