"""The score: how many of the faults do the conformance suites catch, and do they pass clean on the good ones?

``make mutants``, or ``python tests/mutants [TEXT…]`` for the mutants whose name contains one of the texts.
"""

import logging
import sys
from time import perf_counter

import catalogue
from mutantkit import judge

from bifente.conformance.model import summary
from bifente.conformance.pcsc import calls
from bifente.workbench.cards.maker import CardMaker


def main(texts: list[str]) -> int:
    logging.disable(logging.CRITICAL)
    maker = CardMaker()
    survivors, clean = [], True
    begin = perf_counter()
    for over in ("process", "socket"):
        report = judge(maker, None, over)
        clean = clean and not report.failures
        print(f"good cards, {over}: {summary(report.outcomes)}")
        for outcome in report.failures:
            print(f"  {outcome.case}: {outcome.reason}")
    calls.PATIENCE = 4  # a mutant that hangs is caught the sooner
    chosen = [one for one in catalogue.MUTANTS if not texts or any(text in one.name for text in texts)]
    for one in chosen:
        start = perf_counter()
        found = judge(maker, one).failures
        by = "its own cases"
        if not found:
            found, by = judge(maker, one, hinted=False).failures, "other cases"
        if not found:
            survivors.append(one.name)
        said = f"caught by {by}: {found[0].case}" if found else "SURVIVED"
        print(f"{perf_counter() - start:6.2f} s  {one.over:7}  {one.name}: {said}", flush=True)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught in {perf_counter() - begin:.0f} s")
    for name in survivors:
        print(f"  survived: {name}")
    return 1 if survivors or not clean else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
