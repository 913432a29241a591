"""A C program reads two cards through the libraries: the same groups as the sessions in Python give."""

from issued import TODAY, authority, issued
from sesamdesk import answers, desk_with, run_client

from bifente.reader import TwoSlotReader
from bifente.ssv.wire import encode
from bifente.terminal import CpsSession, VitaleSession, recognise


def test_a_c_program_gets_what_the_sessions_read(client, desk, libraries) -> None:
    program = client("reading.c", "ssvlux64")
    with desk.listening() as environment:
        done = run_client(program, environment | {"LD_LIBRARY_PATH": str(libraries)})
    assert done.returncode == 0, done.stderr
    said = answers(done.stdout)
    with TwoSlotReader() as reader:
        reader.insert("CPS", issued("gp"))
        reader.insert("Vitale", issued("vitale-family"))
        cps, vitale = CpsSession(reader.link("CPS")), VitaleSession(reader.link("Vitale"))
        cps.verify_pin(b"1234")
        professional = encode(cps.professional())
        with recognise(cps, vitale, date=TODAY, anchors=authority().trust_store.cv_roots):
            rights = encode(vitale.rights())
    assert said["ps"] == ("0000", professional)
    assert said["droits"] == ("0000", rights)
    assert [said[name][0] for name in ("init", "config", "term")] == ["0000"] * 3


def test_a_wrong_pin_costs_one_try_and_reads_nothing(client, libraries) -> None:
    program = client("reading.c", "ssvlux64")
    with desk_with() as desk:
        with desk.listening() as environment:
            done = run_client(program, environment | {"LD_LIBRARY_PATH": str(libraries)}, "9999")
        said = answers(done.stdout)
        assert said["ps"] == ("F003", b"")
        assert said["droits"] == ("F003", b"")
        assert CpsSession(desk.reader.link("CPS")).pin_status().tries_left == 2
        assert "9999" not in "".join(record.call.line() + record.line() for record in desk.records)


def test_without_a_server_every_call_says_so(client, libraries, tmp_path) -> None:
    program = client("reading.c", "ssvlux64")
    done = run_client(program, {"BIFENTE_SESAM": str(tmp_path / "none"), "LD_LIBRARY_PATH": str(libraries)})
    assert {code for code, _ in answers(done.stdout).values()} == {"8002"}
