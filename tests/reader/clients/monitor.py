"""monitor.py: print what pyscard's monitoring sees; a line on stdin ends it."""

import sys

from smartcard.CardMonitoring import CardMonitor, CardObserver
from smartcard.ReaderMonitoring import ReaderMonitor, ReaderObserver
from smartcard.util import toHexString


class Cards(CardObserver):
    def update(self, observable, handlers):
        for added, word in ((handlers[0], "in"), (handlers[1], "out")):
            for card in added:
                print("card", word, card.reader, toHexString(card.atr, 1), flush=True)


class Readers(ReaderObserver):
    def update(self, observable, handlers):
        for reader in handlers[0]:
            print("reader", reader, flush=True)


readers = ReaderMonitor(period=0.2)
readers.addObserver(Readers())
cards = CardMonitor()
observer = Cards()
cards.addObserver(observer)
sys.stdin.readline()
cards.deleteObserver(observer)
print("end", flush=True)
