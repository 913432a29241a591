"""The first care sheet of a process: ``python firstsheet.py AUTHORITY CPS.card VITALE.card`` prints its parts as JSON.

What a program imports before it begins is imported; whatever is loaded or worked out only when the sheet needs it counts.
"""

import json
import sys
from datetime import date
from decimal import Decimal
from time import perf_counter

from bifente.applets import open_card
from bifente.fse.sheet.acts import Act
from bifente.fse.sheet.session import CareSession
from bifente.igc import Authority
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader


def main() -> None:
    """One sheet from the PIN to the verification; seconds of the parts, of the private keys and of all."""
    folder, cps, vitale, day = sys.argv[1:]
    today = date.fromisoformat(day)
    trust = Authority.open(folder).trust_store
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, open_card(cps))
        reader.insert(VITALE_SLOT, open_card(vitale))
        links = reader.link(CPS_SLOT), reader.link(VITALE_SLOT)
        begin = perf_counter()
        with CareSession(*links, trust=trust, today=today) as session:
            session.present_pin(b"1234")
            session.recognise()
            sheet = session.draw_up([Act("G", Decimal(1), 3000, today)], number=1, care_date=today)
            session.verify(session.sign(sheet))
            seconds = perf_counter() - begin
            timings, keys = dict(session.timings), session.private_key_seconds
    json.dump({"timings": timings, "keys": keys, "rest": seconds - keys}, sys.stdout)


if __name__ == "__main__":
    main()
