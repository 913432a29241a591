"""What was said: the model of a dialogue, its canonical file, and the recorder that masks what is secret.

Putting it in words, reading other formats, comparing and replaying are imported when they are first used.
"""

from typing import TYPE_CHECKING

from bifente.traces.cleaning.mask import Masker
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
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, Trace, TraceHeader
from bifente.traces.record import Recorder, Stopwatch

if TYPE_CHECKING:
    from bifente.traces.cleaning.clean import Cleaner
    from bifente.traces.cleaning.pseudonyms import Pseudonyms
    from bifente.traces.comparison.diff import compare
    from bifente.traces.explanation.explain import Follower
    from bifente.traces.formats import read_stream
    from bifente.traces.replaying.replay import Policy, ReplayCard

__all__ = [
    "Cleaner",
    "EventKind",
    "Exchange",
    "Follower",
    "HiddenBytes",
    "Item",
    "Level",
    "MaskedBytes",
    "Masker",
    "Policy",
    "Pseudonyms",
    "ReaderEvent",
    "Recorder",
    "ReplayCard",
    "Sink",
    "Stopwatch",
    "Trace",
    "TraceError",
    "TraceHeader",
    "TraceList",
    "TraceReader",
    "TraceWriter",
    "compare",
    "read_stream",
    "read_trace",
    "trace_bytes",
    "write_trace",
]

_MODULES = {
    "Cleaner": "cleaning.clean",
    "compare": "comparison.diff",
    "Follower": "explanation.explain",
    "read_stream": "formats",
    "Pseudonyms": "cleaning.pseudonyms",
    **dict.fromkeys(("Policy", "ReplayCard"), "replaying.replay"),
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
