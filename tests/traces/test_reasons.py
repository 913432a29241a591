"""Why a card refused, in a trace: beside the answer, optional, and gone where personal data go."""

import io
import json
from pathlib import Path

import pytest
from issued import issued

from bifente.apdu.refusal import Why
from bifente.cli.main import main
from bifente.reader.wrappers.t0front import T0Front
from bifente.traces.cleaning.clean import Cleaner
from bifente.traces.cleaning.pseudonyms import Pseudonyms
from bifente.traces.errors import TraceError
from bifente.traces.files import TraceList, TraceWriter, read_trace, trace_bytes
from bifente.traces.join import joined
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Trace, TraceHeader, item_line, parse_line
from bifente.traces.page import page
from bifente.traces.record import Recorder
from bifente.traces.replaying.play import play
from bifente.traces.replaying.replay import ReplayCard

WITHOUT = (
    b'{"time":1,"duration":2,"slot":"CPS","level":"APDU","command":"00A4020C02DEAD","response":"6A82"}\n'
)
REASON = Why("ISO/IEC 7816-4:2020 §11.2.2", "3F00 has no EF DEAD")
WITH = WITHOUT[:-2] + b',"clause":"ISO/IEC 7816-4:2020 \\u00a711.2.2","sentence":"3F00 has no EF DEAD"}\n'
COMMANDS = ("00A4020C02DEAD", "002000010437333931", "00A4020C022F00", "00B00000FF", "0055000000")


def recorded() -> Trace:
    """A dialogue with a professional's card behind its T=0 front, as a file has it."""
    stream = io.BytesIO()
    recorder = Recorder(T0Front(issued("gp")), TraceWriter(stream, TraceHeader()))
    recorder.power_on()
    for command in COMMANDS:
        recorder.transmit(bytes.fromhex(command))
    return read_trace(stream.getvalue())


def reasons(trace: Trace) -> list[str]:
    return [str(each.why) if each.why else "" for each in trace.exchanges]


def test_traces_of_before_are_read_and_written_as_they_are() -> None:
    item = parse_line(WITHOUT, 2)
    assert isinstance(item, Exchange)
    assert item.why is None
    assert item_line(item) == WITHOUT


def test_a_reason_is_two_fields_more() -> None:
    item = parse_line(WITH, 2)
    assert isinstance(item, Exchange)
    assert item.why == REASON
    assert item_line(item) == WITH
    json.loads(WITH)


@pytest.mark.parametrize(
    "spoiled",
    [
        WITHOUT[:-2] + b',"clause":"a"}\n',
        WITHOUT[:-2] + b',"sentence":"a"}\n',
        WITHOUT[:-2] + b',"clause":1,"sentence":"a"}\n',
        WITHOUT[:-2] + b',"clause":"a","sentence":"\\u001b[2J"}\n',
        WITHOUT[:-2] + b',"clause":"a","sentence":"' + b"a" * 1025 + b'"}\n',
    ],
)
def test_other_reasons_are_refused_with_their_line(spoiled: bytes) -> None:
    with pytest.raises(TraceError, match="line 2"):
        parse_line(spoiled, 2)


def test_braces_of_a_stranger_are_only_letters() -> None:
    item = parse_line(WITHOUT[:-2] + b',"clause":"{0}","sentence":"{0.__class__} {}"}\n', 2)
    assert isinstance(item, Exchange)
    assert item.why is not None
    assert str(item.why) == "{0.__class__} {} ({0})"


def test_a_recorder_asks_the_card_and_its_front() -> None:
    found = reasons(recorded())
    assert found[0] == "3F00 has no EF DEAD (ISO/IEC 7816-4:2020 §11.2.2)"
    assert found[1].startswith("the value is not that of PIN 01; 2 of 3 tries are left")
    assert found[2] == ""
    assert found[3].startswith("Le asks for 255 bytes and there are ")
    assert found[4].startswith("this card has no instruction 55; it has 20 VERIFY")


def test_without_the_reasons_it_is_the_trace_of_a_card_that_keeps_silent() -> None:
    """They stand beside what was said: commands, answers and masks are the same bytes."""

    class Silent:
        """A card without the facet."""

        def __init__(self) -> None:
            inside = T0Front(issued("gp"))
            self.power_on, self.reset, self.power_off, self.transmit = (
                inside.power_on,
                inside.reset,
                inside.power_off,
                inside.transmit,
            )

    kept = TraceList()
    recorder = Recorder(Silent(), kept, clock=lambda: 0)
    explained = TraceList()
    telling = Recorder(T0Front(issued("gp")), explained, clock=lambda: 0)
    for each in (recorder, telling):
        each.power_on()
        for command in COMMANDS:
            each.transmit(bytes.fromhex(command))
    written = [json.loads(line) for line in trace_bytes(explained.trace()).splitlines()]
    assert sum("clause" in line for line in written) == 4
    for line in written:
        line.pop("clause", None)
        line.pop("sentence", None)
    silent = trace_bytes(kept.trace())
    assert b"clause" not in silent
    assert written == [json.loads(line) for line in silent.splitlines()]


def test_halves_of_t0_have_the_reason_of_the_last() -> None:
    halves = [
        Exchange(MaskedBytes.parse("00B0000020"), MaskedBytes.parse("6C02"), why=Why("a", "wrong Le")),
        Exchange(MaskedBytes.parse("00B0000002"), MaskedBytes.parse("01029000")),
    ]
    [whole] = [item for item in joined(halves) if isinstance(item, Exchange)]
    assert whole.why is None
    [first, *_] = [item for item in joined(halves[:1]) if isinstance(item, Exchange)]
    assert first.why == Why("a", "wrong Le")


def test_where_personal_data_go_the_reasons_go_too() -> None:
    item = parse_line(WITH, 2)
    assert isinstance(item, Exchange)
    kept = Cleaner().clean(item)
    gone = Cleaner(Pseudonyms(b"key")).clean(item)
    assert isinstance(kept, Exchange)
    assert isinstance(gone, Exchange)
    assert (kept.why, gone.why) == (REASON, None)
    assert item_line(gone) == WITHOUT


def test_a_replayed_card_says_what_the_recorded_one_said() -> None:
    trace = recorded()
    card = ReplayCard(trace, atr=b"\x3b\x00")
    card.power_on()
    assert card.last_refusal is None
    again = TraceList()
    recorder = Recorder(card, again)
    for command in COMMANDS:
        recorder.transmit(bytes.fromhex(command))
    assert reasons(again.trace()) == reasons(trace)


def test_a_trace_that_is_played_to_a_card_has_its_reasons() -> None:
    silent = Trace(items=tuple(parse_line(WITHOUT, 2) for _ in range(2)))
    card = issued("gp")
    performance = play(silent.items, card, atr=card.power_on())
    told = [item.why for item in performance.items if isinstance(item, Exchange)]
    assert [str(why) for why in told] == [str(REASON)] * 2


def test_the_page_and_the_words_show_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = recorded()
    file = tmp_path / "said.jsonl"
    file.write_bytes(trace_bytes(trace))
    assert main(["trace", "show", str(file)]) == 0
    assert "     ? 3F00 has no EF DEAD (ISO/IEC 7816-4:2020 §11.2.2)" in capsys.readouterr().out
    assert main(["trace", "show", "--json", str(file)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert next(line["why"]["sentence"] for line in shown if "why" in line) == "3F00 has no EF DEAD"
    whole = "".join(page(trace.header, trace.items, title="a"))
    assert '<div class="why">3F00 has no EF DEAD <small>ISO/IEC 7816-4:2020 §11.2.2</small></div>' in whole
    odd = parse_line(WITH.replace(b"has no EF DEAD", b"<script>"), 2)
    assert "3F00 &lt;script&gt;" in "".join(page(trace.header, [odd], title="a"))
