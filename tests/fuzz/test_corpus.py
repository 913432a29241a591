"""Each target of the fuzzer takes what is in its corpus: seeds that come far, and whatever once made it fail."""

from pathlib import Path

import pytest
from fuzztargets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {each.name for each in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    entries = sorted((CORPUS / name).iterdir())
    assert entries
    for entry in entries:
        TARGETS[name](entry.read_bytes())
