"""The patient's name through PC/SC: in this process by pyscard, and in a program of its own over the socket."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cabinet.patient import NoVitale, patient

PROJECT = Path(__file__).parents[1]


@pytest.mark.bifente(vitale="vitale-volets", over="pyscard")
def test_the_name_on_the_card(vitale):
    assert patient() == "FRANCE EXEMPLE-PERRIN"


@pytest.mark.bifente(vitale=None, over="pyscard")
def test_an_empty_slot(bifente_reader):
    with pytest.raises(NoVitale):
        patient()


@pytest.mark.bifente(over="pyscard")
def test_the_card_is_taken_out(vitale):
    patient()
    vitale.remove()
    with pytest.raises(NoVitale):
        patient()
    vitale.insert()
    patient()


@pytest.mark.bifente(vitale="vitale-volets", over="socket")
def test_the_program_itself(bifente_reader):
    done = subprocess.run(
        [sys.executable, "-m", "cabinet.patient"],
        cwd=PROJECT,
        env={**os.environ, **bifente_reader.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "FRANCE EXEMPLE-PERRIN\n")
