"""The formats, against the programs they come from: what these write is read, what is written they read."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from issued import issued
from pcscd import Pcscd, isolated_pcscd, unavailable
from sentlogs import CHALLENGE, SELECT
from sentlogs import SPY as SPIED

from bifente.apdu.link import Card
from bifente.reader import T0Front, TwoSlotReader
from bifente.traces.files import TraceList, read_trace
from bifente.traces.formats import Source, by_name, read_stream
from bifente.traces.join import joined
from bifente.traces.model import Exchange, Item, Level, ReaderEvent, TraceHeader
from bifente.traces.record import Recorder
from bifente.traces.replaying.replay import Policy, ReplayCard

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pcsc-lite is Linux's")

CORPUS = Path(__file__).parents[2] / "traces" / "corpus"
COMMANDS = ("00A4040C0DE828BD080F8025000001FF0010", "002000010431323334", "00A4020402D120", "00C0000000")
OPENSC_TOOL = ["opensc-tool", *(part for command in COMMANDS for part in ("-s", command))]

Require = Callable[[str], str]


class Served:
    """A CPS on our socket, whose dialogue is recorded."""

    def __init__(self, folder: Path) -> None:
        from bifente.reader.pcsclite import PcscServer

        self.sink = TraceList()
        self.home = folder
        self.reader = TwoSlotReader("bifente", slots=("CPS",))
        card = Recorder(T0Front(issued("gp")), self.sink, level=Level.TPDU, unmask=True)
        self.reader.insert("CPS", card)
        (folder / "run").mkdir(mode=0o700)
        self.server = PcscServer(self.reader, path=folder / "run" / "pcscd.comm")
        self.environment = {**os.environ, **self.server.environment, "LC_ALL": "C", "HOME": str(folder)}

    def run(self, command: list[str], text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            env={**self.environment, **variables},
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    def said(self) -> list[tuple[str, str]]:
        return said(self.sink.items)


def said(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.command.hex(), item.response.hex()) for item in items if isinstance(item, Exchange)]


def imported(raw: str | bytes, name: str) -> tuple[TraceHeader, list[Item]]:
    kind, source = read_stream(io.BytesIO(raw.encode() if isinstance(raw, str) else raw))
    assert kind.name == name
    return source.header, list(source.items)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    it = Served(tmp_path)
    with it.server, it.reader:
        yield it


def test_the_debug_log_of_opensc(served: Served, require_tool: Require) -> None:
    require_tool("opensc-tool")
    done = served.run(OPENSC_TOOL, OPENSC_DEBUG="6")
    header, items = imported(done.stderr, "opensc")
    assert said(items) == served.said()
    assert len(said(items)) >= len(COMMANDS)
    assert header.reader == served.server.names[0]
    assert header.atr == served.reader.status("CPS").atr


def test_scriptor_as_hexadecimal_lines(served: Served, require_tool: Require) -> None:
    require_tool("scriptor")
    text = "\n".join(bytes.fromhex(command).hex(" ") for command in COMMANDS[:2])
    done = served.run(["scriptor"], f"{text}\n")
    _, items = imported(done.stdout, "hex")
    assert said(items) == served.said()[-2:]


def test_scriptor_with_a_file_a_reset_and_long_answers(
    served: Served, require_tool: Require, tmp_path: Path
) -> None:
    """It repeats the lines of its file, wraps answers at sixteen bytes, and tells the ATR of a reset."""
    require_tool("scriptor")
    script = tmp_path / "dialogue.txt"
    script.write_text(
        "# a remark\n00A4040C0DE828BD080F8025000001FF0010\n\nreset\n00A40904043F002F01\n00 C0 00\\\n00 27\n00C0000027\n"
    )
    done = served.run(["scriptor", str(script)])
    kind, source = read_stream(io.BytesIO(done.stdout.encode()))
    items = list(source.items)
    resets = [item.atr for item in items if isinstance(item, ReaderEvent)]
    assert (kind.name, source.unread.notices()) == ("hex", [])
    assert said(items) == served.said()[-len(said(items)) :]
    assert len(said(items)) == 4
    assert resets == [served.reader.status("CPS").atr]


def cardpeek(
    program: str, home: Path, reader: str, commands: list[str], environment: dict[str, str]
) -> bytes:
    """What cardpeek, which has just sent these commands to that reader, saves as its log."""
    out, script = home / "out.clf", home / "script.lua"
    sent = "".join(f'card.send(bytes.new(8,"{command}"))\n' for command in commands)
    script.write_text(f'card.connect()\n{sent}card.log_save("{out}")\ncard.disconnect()\nos.exit(0)\n')
    given = {**environment, "HOME": str(home)}
    options = ["--console", "--reader", reader, "--exec", f'dofile("{script}")']
    # Started for the first time, it asks twice whether it may make its folder; without an answer it asks for ever.
    process = subprocess.Popen(
        [program, *options],
        env=given,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.communicate(b"1\n1\n", timeout=20)
    finally:
        process.kill()
        process.wait(10)
    return out.read_bytes()


def test_the_log_of_cardpeek(served: Served, require_tool: Require) -> None:
    program = require_tool("cardpeek")
    name = f"pcsc://{served.server.names[0]}"
    raw = cardpeek(program, served.home, name, list(COMMANDS[:3]), served.environment)
    _, items = imported(raw, "clf")
    assert said(items) == served.said()


def test_cardpeek_replays_what_is_written(tmp_path: Path, require_tool: Require) -> None:
    program = require_tool("cardpeek")
    items = written("clf", tmp_path / "tool.clf")
    # Its folder has to be made by itself before a replay can be put there.
    cardpeek(program, tmp_path, "none", [], dict(os.environ))
    replays = tmp_path / ".cardpeek" / "replay"
    replays.mkdir(exist_ok=True)
    (tmp_path / "tool.clf").rename(replays / "tool.clf")
    # cardpeek fetches what waits, and repeats with the right Le, by itself.
    pairs = said(items)
    own = [False, *(answer.startswith(("61", "6C")) and len(answer) == 4 for _, answer in pairs)]
    sent = [command for (command, _), by_itself in zip(pairs, own, strict=False) if not by_itself]
    raw = cardpeek(program, tmp_path, "replay://tool.clf", sent, dict(os.environ))
    _, again = imported(raw, "clf")
    # It asks for what waits with the length that it was told, our dialogue at its end with 00.
    assert said(again)[:-1] == pairs[:-1]


@pytest.fixture
def spy_library(tmp_path: Path) -> Path:
    """A folder in which the spying library stands in place of libpcsclite."""
    places = [Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu"), Path("/usr/lib64")]
    found = next((place for place in places if (place / "libpcscspy.so.0").exists()), None)
    if found is None:
        pytest.skip("libpcscspy of libpcsclite-dev is not installed")
    folder = tmp_path / "spy"
    folder.mkdir()
    (folder / "libpcsclite.so.1").symlink_to(found / "libpcscspy.so.0")
    (folder / "libpcsclite_nospy.so.1").symlink_to((found / "libpcsclite.so.1").resolve())
    return folder


def spied(served: Served, library: Path) -> bytes:
    fifo = served.home / "pcsc-spy"
    os.mkfifo(fifo)
    taken = bytearray()

    def read() -> None:
        with fifo.open("rb") as stream:
            taken.extend(stream.read())

    reader = Thread(target=read, daemon=True)
    reader.start()
    served.run(OPENSC_TOOL, LD_LIBRARY_PATH=str(library))
    reader.join(20)
    assert not reader.is_alive()
    return bytes(taken)


def test_the_library_of_pcsc_spy(served: Served, spy_library: Path, require_tool: Require) -> None:
    require_tool("opensc-tool")
    header, items = imported(spied(served, spy_library), "pcsc-spy")
    assert said(items) == served.said()
    assert (header.reader, header.atr) == (served.server.names[0], served.reader.status("CPS").atr)
    assert all(item.duration > 0 for item in items if isinstance(item, Exchange))


def test_pcsc_spy_shows_what_is_written(tmp_path: Path, require_tool: Require) -> None:
    spy = require_tool("pcsc-spy")
    with (CORPUS / "tool.trace").open("rb") as stream:
        _, source = read_stream(stream)
        items = list(source.items)
        raw = io.BytesIO()
        by_name("pcsc-spy").write(Source(source.header, iter(items)), raw)
    log = tmp_path / "spy.log"
    log.write_bytes(raw.getvalue())
    done = subprocess.run([spy, "-n", str(log)], capture_output=True, text=True, timeout=60, check=True)
    assert "Garbage" not in done.stdout
    _, again = imported(done.stdout, "pcsc-spy")
    assert said(again) == said(items)


@pytest.mark.parametrize("options", [["-n"], ["-n", "-t"], [], ["-n", "-d"]])
def test_pcsc_spy_shows_two_threads(options: list[str], tmp_path: Path, require_tool: Require) -> None:
    spy = require_tool("pcsc-spy")
    log = tmp_path / "spy.log"
    # The tool of Debian 12 wants the text that libraries before 2.2 have put before the result.
    calls = (
        SPIED.replace("1@", "7F01@")
        .replace("|0x0000", "|Command successful.|0x0000")
        .splitlines(keepends=True)
    )
    others = [line.replace("7F01@", "7F02@") for line in calls]
    log.write_text("".join(line for pair in zip(calls, others, strict=True) for line in pair))
    # Its threads write to one output; without a buffer they would break each other's lines.
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [spy, *options, str(log)], env=buffered, capture_output=True, text=True, timeout=60, check=True
    )
    _, items = imported(done.stdout, "pcsc-spy")
    assert sorted(said(items)) == sorted([SELECT, CHALLENGE] * 2)


@contextmanager
def through_pcscd(card: Card, require_tool: Require) -> Iterator[Pcscd]:
    """A real pcscd with its vpcd driver, and *card* in it."""
    require_tool("opensc-tool")
    require_tool("pcscd")
    if not Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so").exists():
        pytest.skip("vsmartcard-vpcd is not installed")
    if (why := unavailable()) is not None:
        pytest.skip(why)
    from bifente.reader.vpcd.service import VpcdService

    reader = TwoSlotReader("bifente", slots=("CPS",))
    reader.insert("CPS", card)
    with reader, isolated_pcscd(options=("--debug", "--apdu")) as daemon:
        service = daemon.inside(lambda: VpcdService(reader))
        try:
            daemon.await_card()
            yield daemon
        finally:
            service.stop()


def test_the_log_of_pcscd(require_tool: Require) -> None:
    sink = TraceList()
    card = Recorder(T0Front(issued("gp")), sink, level=Level.TPDU, unmask=True)
    with through_pcscd(card, require_tool) as daemon:
        done = daemon.run(OPENSC_TOOL[0], "-r", "0", *OPENSC_TOOL[1:])
        assert done.returncode == 0, done.stderr
    header, items = imported("".join(daemon.log), "pcscd")
    assert said(items) == said(sink.items)
    assert header.atr is not None
    assert {item.level for item in items if isinstance(item, Exchange)} == {Level.TPDU}


def test_a_recorded_card_behind_a_real_pcscd(require_tool: Require) -> None:
    card = ReplayCard(read_trace(CORPUS / "pkcs15-tool-0.23.trace"), Policy.STATEFUL)
    with through_pcscd(card, require_tool) as daemon:
        listed = daemon.run("pkcs15-tool", "-r", "0", "-D")
    assert "PKCS#15 Card [CPS3v3-" in listed.stdout, listed.stderr
    assert card.missed == 0, card.report()
    assert card.answered >= 68


def tshark(program: str, path: Path, *fields: str) -> list[list[str]]:
    wanted = [part for name in fields for part in ("-e", name)]
    done = subprocess.run(
        [program, "-r", str(path), "-T", "fields", "-E", "separator=|", *wanted],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(path.parent)},
    )
    return [line.split("|") for line in done.stdout.splitlines()]


def written(kind: str, path: Path) -> list[Item]:
    """The dialogue of the corpus in that format."""
    with (CORPUS / "tool.trace").open("rb") as stream, path.open("wb") as out:
        _, source = read_stream(stream)
        items = list(source.items)
        by_name(kind).write(Source(source.header, iter(items)), out)
    return items


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_wireshark_dissects_gsmtap(kind: str, tmp_path: Path, require_tool: Require) -> None:
    program = require_tool("tshark")
    path = tmp_path / f"out.{kind}"
    items = [item for item in written(kind, path) if isinstance(item, Exchange)]
    rows = tshark(program, path, "frame.protocols", "gsm_sim.apdu.ins", "gsm_sim.apdu.sw", "_ws.col.Protocol")
    rows = rows[1:]  # the first is the ATR
    assert all("gsmtap:gsm_sim" in row[0] for row in rows)
    assert {row[3] for row in rows} == {"GSM SIM"}
    assert [int(row[1], 16) for row in rows] == [item.command.shown[1] for item in items]
    for row, item in zip(rows, items, strict=True):
        # tshark 4.0 takes a READ BINARY that was refused for one cut off, and gives no status word.
        refused = item.command.shown[1] == 0xB0 and len(item.response) == 2
        assert refused or int(row[2], 16) == int.from_bytes(item.response.shown[-2:], "big")


@pytest.mark.parametrize("kind", ["pcap-ccid", "pcapng-ccid"])
def test_wireshark_dissects_ccid(kind: str, tmp_path: Path, require_tool: Require) -> None:
    program = require_tool("tshark")
    path = tmp_path / "out.pcap"
    items = [item for item in written(kind, path) if isinstance(item, Exchange)]
    fields = ("usbccid.bMessageType", "usbccid.dwLength", "data.data", "_ws.malformed", "usb.bInterfaceClass")
    rows = tshark(program, path, *fields)
    assert not any(row[3] for row in rows)
    assert any("0x0b" in row[4] for row in rows)
    blocks = [row for row in rows if row[0] in ("0x6f", "0x80")]
    sent = [row[2].upper() for row in blocks if row[0] == "0x6f"]
    received = [row[2].upper() for row in blocks if row[0] == "0x80"][1:]  # the first is the ATR
    assert list(zip(sent, received, strict=True)) == said(list(items))


def test_packets_are_those_of_dpkt() -> None:
    """An independent reader finds the same packets."""
    import dpkt

    from bifente.traces.formats.captures.packets import packets

    for name in ("tool-gsmtap.pcap", "tool-gsmtap.pcapng", "tool-ccid.pcap", "tool-ccid.pcapng"):
        raw = (CORPUS / name).read_bytes()
        reader = dpkt.pcap.UniversalReader(io.BytesIO(raw))
        assert [(round(when * 1_000_000), data) for when, data in reader] == [
            (packet.time, packet.data) for packet in packets(io.BytesIO(raw))
        ]


def test_halves_of_a_real_log_are_put_together() -> None:
    _, source = read_stream(io.BytesIO((CORPUS / "pcscd-1.9.9-apdu.log").read_bytes()))
    items = list(joined(source.items))
    assert [item.command.hex()[:4] for item in items if isinstance(item, Exchange)] == [
        "00A4", "00B0", "00A4", "00B0", "00A4", "0020", "00A4",
    ]  # fmt: skip


def test_the_page_is_drawn_by_a_browser(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    browser = require_tool("chromium")
    from bifente.traces.page import page

    with (CORPUS / "tool.trace").open("rb") as stream:
        _, source = read_stream(stream)
        path = tmp_path / "page.html"
        path.write_text("".join(page(source.header, source.items, title="A trace")), encoding="utf-8")
    picture = tmp_path / "page.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run(
        [browser, *options, f"--screenshot={picture}", "--window-size=1100,900", path.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert picture.stat().st_size > 10_000
