"""Every format: what is written comes back, as far as the format can keep it; damage is named by its line."""

import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.apdu.link import TransmissionProtocol
from bifente.traces.errors import TraceError
from bifente.traces.files import read_trace
from bifente.traces.formats import Format, Source, by_name, by_suffix, detect, formats, names, read_stream
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, TraceHeader

CORPUS = Path(__file__).parents[2] / "traces" / "corpus"
ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
T0 = TransmissionProtocol.T0

KEEPS_MASKS = {
    "bifente", "clf", "opensc", "pcscd", "gppro", "dump", "hex", "pcapng", "pcapng-ccid",
}  # fmt: skip
KEEPS_RESETS = {
    "bifente", "clf", "opensc", "pcscd", "gppro", "dump", "hex", "pcapng", "pcap", "pcapng-ccid", "pcap-ccid",
    "pcsc-spy",
}  # fmt: skip

every_format = pytest.mark.parametrize("name", names())
for_each = settings(max_examples=settings().max_examples // 3)
"""The examples of a test that is made for each of the thirteen formats: they share most of what they try."""


def written(kind: Format, items: Iterable[Item], header: TraceHeader | None = None) -> bytes:
    stream = io.BytesIO()
    kind.write(Source(header or TraceHeader(atr=ATR), iter(items)), stream)
    return stream.getvalue()


def read(kind: Format, raw: bytes) -> list[Item]:
    return list(kind.read(io.BytesIO(raw)).items)


def attempt(kind: Format, raw: bytes) -> list[Item] | TraceError:
    """The items, or the error; anything else passes through and fails the test."""
    try:
        return read(kind, raw)
    except TraceError as error:
        return error


def said(items: Iterable[Item], *, masks: bool = True) -> list[tuple[str, str]]:
    """The bytes of the exchanges."""
    exchanges = [item for item in items if isinstance(item, Exchange)]
    if masks:
        return [(each.command.hex(), each.response.hex()) for each in exchanges]
    return [(each.command.shown.hex().upper(), each.response.shown.hex().upper()) for each in exchanges]


def spans(data: bytes) -> st.SearchStrategy[MaskedBytes]:
    size = len(data)
    return st.builds(
        MaskedBytes.hiding,
        st.just(data),
        st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), max_size=2),
    )


data = st.binary(max_size=40) | st.binary(min_size=250, max_size=258)
headers4 = st.binary(min_size=4, max_size=4)
commands = st.one_of(
    headers4,
    headers4.map(lambda head: head + b"\x10"),
    st.builds(
        lambda head, body: head + bytes((len(body),)) + body, headers4, st.binary(min_size=1, max_size=255)
    ),
    st.builds(
        lambda head, body: head + bytes((len(body),)) + body + b"\0",
        headers4,
        st.binary(min_size=1, max_size=30),
    ),
    st.builds(
        lambda head, body: head + b"\0" + len(body).to_bytes(2, "big") + body,
        headers4,
        st.binary(min_size=256, max_size=300),
    ),
)
responses = st.builds(bytes.__add__, data, st.binary(min_size=2, max_size=2))
exchanges = st.builds(
    Exchange,
    commands.flatmap(spans),
    responses.flatmap(spans),
    st.integers(0, 10**10),
    st.integers(0, 10**7),
    level=st.sampled_from(Level),
    why=st.none(),
)
resets = st.builds(
    ReaderEvent,
    st.sampled_from([EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET]),
    st.integers(0, 10**10),
    st.just(""),
    st.sampled_from([ATR, bytes.fromhex("3B751300004709EA9000"), b"\x3b\x00"]),
)


@every_format
@for_each
@given(given_items=st.lists(exchanges | resets, min_size=1, max_size=6), protocol=st.none() | st.just(T0))
def test_what_is_written_comes_back(
    name: str, given_items: list[Item], protocol: TransmissionProtocol | None
) -> None:
    kind = by_name(name)
    header = TraceHeader("A reader 00 00", ATR, protocol)
    if name == "apduplay" and not any(isinstance(item, Exchange) for item in given_items):
        return  # its log begins with the first exchange
    raw = written(kind, given_items, header)
    found = detect(raw[:65536])
    assert found.name == name.removesuffix("-ccid")
    again = read(found, raw)
    masks = name in KEEPS_MASKS
    if name == "pcap":
        # GSMTAP without comments: command and answer stand in a row, and may be cut elsewhere.
        rows = ["".join(pair) for pair in said(again, masks=False)]
        assert rows == ["".join(pair) for pair in said(given_items, masks=False)]
    else:
        assert said(again, masks=masks) == said(given_items, masks=masks)
    if name in KEEPS_RESETS - {"opensc", "pcsc-spy"}:
        told = [item.atr for item in again if isinstance(item, ReaderEvent)]
        meant = [item.atr for item in given_items if isinstance(item, ReaderEvent)]
        assert told in (meant, [ATR, *meant])
    # What has been through the format once is not changed by going through it again.
    twice = read(found, written(kind, again, replace(header, masked=False)))
    assert said(twice) == said(again)


@every_format
@for_each
@given(given_items=st.lists(exchanges, min_size=1, max_size=3), at=st.integers(0, 10_000))
def test_a_cut_file_gives_a_beginning_or_names_its_line(name: str, given_items: list[Item], at: int) -> None:
    raw = written(by_name(name), given_items)
    cut = raw[: at % (len(raw) + 1)]
    reader = by_name(name)
    whole = said(read(reader, raw), masks=False)
    outcome = attempt(reader, cut)
    if isinstance(outcome, TraceError):
        assert outcome.line is not None
        assert 1 <= outcome.line <= max(cut.count(b"\n") + 1, len(whole) * 3 + 8)
        return
    found = said(outcome, masks=False)
    for number, (command, response) in enumerate(found):
        full_command, full_response = whole[number]
        last = number == len(found) - 1
        # In a .clf the status word stands before the data.
        begins = full_response.startswith(response) or not response or name == "clf"
        assert (command, response) == whole[number] or (last and full_command.startswith(command) and begins)


@every_format
@for_each
@given(
    garbage=st.binary(max_size=300), given_items=st.lists(exchanges, max_size=2), at=st.integers(0, 10_000)
)
def test_garbage_raises_nothing_but_trace_errors(
    name: str, garbage: bytes, given_items: list[Item], at: int
) -> None:
    raw = written(by_name(name), given_items)
    place = at % (len(raw) + 1)
    for text in (garbage, raw[:place] + garbage + raw[place:], raw[:place] + garbage):
        outcome = attempt(by_name(name), text)
        assert not isinstance(outcome, TraceError) or outcome.line is not None


@given(st.binary(max_size=200))
def test_detection_raises_nothing_but_trace_errors(garbage: bytes) -> None:
    try:
        outcome: object = list(read_stream(io.BytesIO(garbage))[1].items)
    except TraceError as error:
        outcome = error
    assert not isinstance(outcome, TraceError) or outcome.line is not None


DAMAGED = {
    "clf": (b"# cardpeek trace file\nR:3B00\nC:00A4:9000:\nC:00A4:90:\n", 4),
    "dump": (b"# ATR: 3B00\n00A40400\n9000\n00A40\n", 4),
    "hex": (b"> 00A40400\n< 9000\n< 9000\n", 3),
    "gppro": (b"A>> T=0 (4+0000) 00A40400 00\nA<< (0003+2) (1ms) 0102 9000\n", 2),
    "apduplay": (b"transmitted:00 a4 04 00\nresponseTime:1#\nreceived:90\n", 3),
    "pcscd": (b"00000000 APDU: 00 A4 04 00 \n00000001 SW: 90 0 \n", 2),
    "opensc": (b"Outgoing APDU (5 bytes):\n00 A4 04 00 00 .....\n\nIncoming APDU (2 bytes):\n90 a'\n", 5),
    "pcsc-spy": (
        b"1@>|1|1|SCardTransmit\n1@0x1\n1@0x1\n1@0x10\n1@0x5\n1@00 A4 \n1@<|1|2|SCardTransmit|ok|0x0\n",
        6,
    ),
    "freerdp": (b"[10:11:12:1] [1:2] [DEBUG][x] - Transmit_Call {\n[10:11:12:1] [1:2] [DEBUG][x] - }\n", 1),
    "libcacard": (b" >>> 0 recv APDU: \n00 A4 04 0 \n", 2),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_line_is_named_and_the_rest_is_read(name: str) -> None:
    """Where nothing else is understood, it is an error."""
    raw, line = DAMAGED[name]
    kind = detect(raw)
    assert kind.name == name
    if name in {"pcsc-spy", "freerdp", "libcacard"}:
        with pytest.raises(TraceError, match=f"^line {line}: nothing in this ") as caught:
            read(kind, raw)
        assert caught.value.line == line
        return
    source = kind.read(io.BytesIO(raw))
    assert list(source.items)
    assert f"1 line was not understood: {line}" in source.unread.notices()


def test_the_line_is_too_long() -> None:
    with pytest.raises(TraceError, match="line 2: the line is too long"):
        read(by_name("hex"), b"# ATR 3B00\n> " + b"00" * 600_000)


def corpus() -> list[str]:
    return sorted(path.name for path in CORPUS.iterdir() if path.suffix != ".md")


@pytest.mark.parametrize(
    "name", [name for name in corpus() if not name.startswith(("pkcs15-tool", "cardpeek"))]
)
def test_the_corpus_says_the_same_in_every_format(name: str) -> None:
    whole = read_trace(CORPUS / "tool.trace")
    with (CORPUS / name).open("rb") as stream:
        _, source = read_stream(stream)
        items = list(source.items)
    wanted, found = said(whole.items), said(items)
    assert len(found) == len(wanted) == 11
    # Serial numbers and FCPs of two runs are the same but for what the authority made anew.
    same = [one == other for one, other in zip(found, wanted, strict=True)]
    assert all(same) or (name.startswith(("opensc", "pcsc-spy")) and same.count(False) <= 1)
    if not name.endswith((".apduplay", "1.9.9.txt")):
        assert source.header.atr == ATR


def test_every_file_of_the_corpus_has_its_provenance() -> None:
    text = (CORPUS / "PROVENANCE.md").read_text()
    assert [name for name in corpus() if f"`{name}`" not in text] == []


def test_t0_halves_stay_apart() -> None:
    with (CORPUS / "pcscd-1.9.9-apdu.log").open("rb") as stream:
        _, source = read_stream(stream)
        items = [item for item in source.items if isinstance(item, Exchange)]
    assert {item.level for item in items} == {Level.TPDU}
    assert [item.command.hex()[:8] for item in items][:2] == ["00A40904", "00C00000"]
    assert items[0].response.hex() == "6127"


def test_times_of_pcscd_add_up() -> None:
    raw = (
        b"00000000 winscard.c:1:SCardTransmit() Send Protocol: T=1\n00000010 APDU: 00 84 00 00 08 \n"
        b"00000508 SW: 01 02 03 04 05 06 07 08 90 00 \n\x1b[35m00000002\x1b[0m [1234] APDU: 00 A4 00 00 \n"
    )
    first, second = (item for item in read(by_name("pcscd"), raw) if isinstance(item, Exchange))
    assert (first.time, first.duration, first.level) == (10, 508, Level.APDU)
    assert (second.time, second.response) == (520, MaskedBytes(b""))


def test_logs_of_gppro_as_people_paste_them() -> None:
    raw = b"""# Detected readers from SunPCSC
SCardConnect("Alcor Micro AU9560 00 00", T=*) -> T=1, 3BDC18FF8191FE1FC38073C821136605036351000250
SCardBeginTransaction("Alcor Micro AU9560 00 00")
A>> T=1 (4+0000) 00A40400 00
A<< (0018+2) (26ms) 6F108408A000000151000000A5049F6501FF 9000
[DEBUG] GlobalPlatform - Auto-detected ISD: A000000151000000
A>> T=1 (4+0008) 80500000 08 EC255ADBCDB6C751 00
A<< (0002+2) (8s378ms) 0001 9000
"""
    kind, source = read_stream(io.BytesIO(raw))
    items = list(source.items)
    assert kind.name == "gppro"
    assert source.header.reader == "Alcor Micro AU9560 00 00"
    assert said(items)[1] == ("8050000008EC255ADBCDB6C75100", "00019000")
    last = items[-1]
    assert isinstance(last, Exchange)
    assert last.duration == 8_378_000


def test_old_opensc_logs_are_read() -> None:
    raw = (
        b"0x7f4b3e2a 12:34:56.789 [opensc-tool] reader-pcsc.c:262:pcsc_transmit: reader 'ACS 00 00'\n"
        b"0x7f4b3e2a 12:34:56.790 [opensc-tool] apdu.c:185:sc_apdu_log: \n"
        b"Outgoing APDU data [    5 bytes] =====================================\n00 C0 00 00 02 .....\n"
        b"======================================================================\n"
        b"0x7f4b3e2a 12:34:56.800 [opensc-tool] apdu.c:185:sc_apdu_log: \n"
        b"Incoming APDU data [    2 bytes] =====================================\n90 00 ..\n"
    )
    kind, source = read_stream(io.BytesIO(raw))
    (item,) = source.items
    assert (kind.name, source.header.reader) == ("opensc", "ACS 00 00")
    assert isinstance(item, Exchange)
    assert (item.command.hex(), item.response.hex(), item.duration) == ("00C0000002", "9000", 10_000)


def test_the_endings_choose_the_format() -> None:
    chosen = {ending: by_suffix(Path(f"x{ending}")) for kind in formats() for ending in kind.suffixes}
    assert {ending: kind.name for ending, kind in chosen.items() if kind is not None} == {
        ending: kind.name for kind in formats() for ending in kind.suffixes
    }
    assert by_suffix(Path("x")) is None
    with pytest.raises(TraceError, match="there is no format 'xml'; those that are written are bifente, clf"):
        by_name("xml")
