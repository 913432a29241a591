"""monitor.py: print what pyscard's monitoring sees; a line on stdin ends it."""

import sys
from threading import Lock

from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.util import toHexString

lock = Lock()


def say(line):
    """A whole line, whichever monitor's thread says it."""
    with lock:
        print(line, flush=True)


class Cards(CardObserver):
    def update(self, observable, handlers):
        for added, word in ((handlers[0], "in"), (handlers[1], "out")):
            for card in added:
                say(f"card {word} {card.reader} {toHexString(card.atr, 1)}")


class Readers(ReaderObserver):
    def update(self, observable, handlers):
        for reader in handlers[0]:
            say(f"reader {reader}")


readers = ReaderMonitor(period=0.2)
readers.addObserver(Readers())
cards = CardMonitor()
observer = Cards()
cards.addObserver(observer)
sys.stdin.readline()
cards.deleteObserver(observer)
say("end")
