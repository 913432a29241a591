"""What was said: the model of a dialogue, its canonical file, and the recorder that masks what is secret.

Putting it in words is ``bifente.traces.explain``.
"""

from bifente.traces.errors import HiddenBytes, TraceError
from bifente.traces.files import (
    Sink,
    TraceList,
    TraceReader,
    TraceWriter,
    read_trace,
    trace_bytes,
    write_trace,
)
from bifente.traces.mask import Masker
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, Trace, TraceHeader
from bifente.traces.octets import Octets
from bifente.traces.record import Recorder, Stopwatch

__all__ = [
    "EventKind",
    "Exchange",
    "HiddenBytes",
    "Item",
    "Level",
    "Masker",
    "Octets",
    "ReaderEvent",
    "Recorder",
    "Sink",
    "Stopwatch",
    "Trace",
    "TraceError",
    "TraceHeader",
    "TraceList",
    "TraceReader",
    "TraceWriter",
    "read_trace",
    "trace_bytes",
    "write_trace",
]
