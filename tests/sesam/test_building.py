"""The libraries are built from one source: under every name, for callers of 32 bits, for Windows, and under sanitizers."""

import ctypes
import json
import re
import subprocess

import pytest
from sesamdesk import (
    INVOICING,
    NATIVE,
    Speaker,
    answers,
    compile_client,
    desk_with,
    run_client,
)

from bifente.cli.main import main
from bifente.sesam.calls import CALLS
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.sesam.building import LIBRARIES, build, compiler


def test_the_numbers_of_the_calls_are_those_of_the_forwarder() -> None:
    in_c = re.findall(r"X\((\d+), (\w+)\)", (NATIVE / "calls.h").read_text())
    assert {(int(number), name) for number, name in in_c} == {
        (one.number, one.name) for one in CALLS.values()
    }


def test_each_library_has_its_functions_and_no_others(libraries) -> None:
    declared = set(re.findall(r"SESAM_CALL (\w+)\(", (NATIVE / "bifente_sesam.h").read_text()))
    exported = {}
    for library in ("galcl", "galin", "ssv", "sgd", "srt", "sts"):
        path = libraries / f"lib{library}lux.so"
        assert path.resolve() == (libraries / f"lib{library}lux64.so").resolve()
        said = subprocess.run(
            ["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True
        )
        exported[library] = {line.split()[-1] for line in said.stdout.splitlines()}
    assert exported["galcl"] | exported["galin"] == {name for name in declared if "_" not in name}
    for library in ("ssv", "sgd"):
        prefixes = ("SSV_", "SIS_") if library == "ssv" else ("SGD_",)
        assert exported[library] == {name for name in declared if name.startswith(prefixes)}
    assert {"SRT_LireVersion", "SRT_RechercherParFiltre"} <= exported["srt"]
    assert {"STS_LireVersion"} <= exported["sts"]


def test_a_library_is_loaded_privately_and_starts_no_python(libraries) -> None:
    loaded = ctypes.CDLL(str(libraries / "libssvlux64.so"), mode=ctypes.DEFAULT_MODE)
    assert loaded.SSV_TermLIB is not None
    needed = subprocess.run(
        ["readelf", "-d", libraries / "libssvlux64.so"], capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"NEEDED.*\[(.*)\]", needed) == ["libc.so.6"]
    assert "SONAME" not in needed


def test_decorated_names_count_the_bytes_of_the_interface() -> None:
    """spec/ssv.md §1 and §2, column @."""
    written = "".join((NATIVE / f"{one}.def").read_text() for one in LIBRARIES)
    for name in (
        "SSV_InitLIB@0",
        "SSV_InitLIB2@4",
        "SSV_InitTrace@16",
        "SSV_LireConfig@8",
        "SSV_LireCartePS@20",
        "SSV_LireDroitsVitale@24",
        "SSV_FormaterFactures@36",
        "SSV_FormaterLot@36",
        "SSV_FormaterFichier@16",
        "SSV_TraduireARL@20",
        "SSV_SecuriserFacture@36",
        "SSV_DechargerFacturesPdT@40",
        "SSV_EffacerTLA@20",
        "OuvrirSession@16",
        "DebutExclusivite@16",
        "Echange@24",
        "LireVersion@12",
    ):
        assert f"    _{name} = {name}\n" in written


def test_a_caller_of_32_bits(require_tool, compiled, tmp_path) -> None:
    gcc = require_tool("gcc")
    libraries = compiled / "lib32"
    if not (libraries / "libssvlux.so").exists():
        try:
            build(libraries, bits=32, only=["ssv"])
        except WorkbenchError as error:
            pytest.skip(str(error))
    program = compile_client(gcc, "reading.c", tmp_path / "reading", libraries, ["ssvlux"], "-m32")
    with desk_with() as desk, desk.listening() as environment:
        done = run_client(program, environment | {"LD_LIBRARY_PATH": str(libraries)})
    said = answers(done.stdout)
    assert [said[name][0] for name in ("config", "ps", "droits")] == ["0000"] * 3


@pytest.mark.parametrize(
    ("bits", "tool", "library", "function"),
    [
        (64, "x86_64-w64-mingw32-gcc", "galcl", "DebutExclusivite"),
        (32, "i686-w64-mingw32-gcc", "ssv", "_SSV_LireCartePS@20"),
    ],
)
def test_the_source_is_for_windows_too(require_tool, compiled, bits, tool, library, function) -> None:
    require_tool(tool)
    folder = compiled / f"windows{bits}"
    made = folder / f"{library}w{bits}.dll"
    if not made.exists():
        build(folder, bits=bits, windows=True, only=[library])
    said = subprocess.run(
        [tool.replace("gcc", "objdump"), "-p", made], capture_output=True, text=True, check=True
    ).stdout
    assert function in said


def test_nothing_is_read_or_written_beside_its_place(require_tool, compiled) -> None:
    """Under the sanitizers of addresses and of undefined behaviour, every function with all kinds of parameters."""
    gcc = require_tool("gcc")
    program = compiled / "speak-sanitized"
    if not program.exists():
        whole = [f"-DSESAM_LIB_{library.upper()}" for library in LIBRARIES]
        compile_client(
            gcc,
            "speak.c",
            program,
            compiled,
            [],
            str(NATIVE / "forwarder.c"),
            "-O1",
            "-g",
            "-rdynamic",
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=undefined",
            *whole,
        )
    with desk_with() as desk, desk.listening() as environment, Speaker(program, environment) as one:
        for call in (*EVERYTHING, *INVOICING):
            one(call)
        assert one.end() == 0
    called = {record.name for record in desk.records}
    unknown = {"Hello", "SRT_RechercherParFiltre", "SRT_LireVersion", "STS_LireVersion"}
    assert called == {one.name for one in CALLS.values()} - unknown


EVERYTHING = (
    "LireVersion",
    "DonneNombreRessources",
    "DonneTableRessources",
    "OuvrirSession APP CPS",
    "OuvrirSession ~ ~",
    "DebutExclusivite 1:3",
    "DebutExclusivite ~ x",
    "EcritContexte 2 1 " + "AB" * 1200,
    "LitContexte 2 1 1200",
    "LitContexte 2 1 0",
    "Echange 1 000116 3",
    "Echange 1 000114 36",
    "Echange 1 000114 2",
    "Echange 1 ~ 2",
    "Echange 1 - 0",
    "EchangeLong 1 000116 3",
    "FinExclusivite 1",
    "FermerSession 1",
    "SSV_LireConfig",
    "SSV_InitLIB",
    "SSV_InitLIB2 ~",
    "SSV_InitTrace ~ ~ 0 1",
    "SSV_AllouerZoneMem 0",
    "SSV_AllouerZoneMem 100",
    "SSV_LireConfig",
    "SSV_LireCartePS CPS TRANSPA2 1234",
    "SSV_LireCartePS ~ ~ ~",
    "SSV_LireDroitsVitale CPS TRANSPA2 1234 -",
    "SSV_LireDateLecteur CPS",
    "SSV_MajDateLecteur CPS 20261123",
    "SSV_FormaterLot CPS TRANSPA2 1234 ~",
    "SGD_ReserverSession 70000",
    "SIS_LireConfig 1",
    "SIS_LireCartePS CPS TRANSPA2 - 1",
    "SIS_LireDroitsVitale CPS TRANSPA2 - - 1",
    "SIS_LireDateLecteur CPS",
    "SIS_MajDateLecteur CPS 20261123",
    "SGD_LireGroupeSuivant 1 0 0",
    "SGD_LireChamp 1 104 1 1",
    "SGD_LireChamp 1 104 1 1 15",
    "SGD_LireChamp 1 104 1 1 0",
    "SGD_LireChampBin 1 104 1 1",
    "SGD_AjouterGroupe 1 5",
    "SGD_AjouterChamp 1 " + "x" * 60000,
    "SGD_AjouterChampBin 1 -",
    "SGD_AjouterChampFichier 1 /etc/hostname",
    "SGD_LireChampFichier 1 5 1 1 /dev/null",
    "SGD_RedimensionnerBuffer 1 100000",
    "SGD_LibererSession 1",
    "SSV_LireDroitsVitale CPS TRANSPA2 - -",
    "Hn_Init ~",
    "Hn_LectureVitaleDonneesIdentification 0 4000",
    "Hn_LectureVitaleDonneesIdentification 0 1",
    "Hn_Finir",
    "MICA_Init",
    "MICA_LireVersion",
    "MICA_ControlePresenceCarteVitale VITALE",
    "MICA_Terminer",
    "SSV_TermLIB",
    "SIS_InitLIB",
    "SIS_TermLIB",
)


def test_without_a_compiler_one_line_says_so(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(WorkbenchError, match="no C compiler") as caught:
        compiler()
    assert "gcc" in caught.value.hint
    monkeypatch.setenv("CC", "nocc")
    with pytest.raises(WorkbenchError, match="no C compiler nocc"):
        compiler()
    with pytest.raises(WorkbenchError, match="no compiler for Windows"):
        compiler(windows=True)


def test_a_compiler_that_fails_is_told(monkeypatch, tmp_path, require_tool) -> None:
    monkeypatch.setenv("CC", require_tool("false"))
    with pytest.raises(WorkbenchError, match="the compiler refuses galcl"):
        build(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_build_prints_the_folder(monkeypatch, libraries, capsys) -> None:
    monkeypatch.setattr("bifente.workbench.sesam.building.default_libraries", lambda *_, **__: libraries)
    assert main(["sesam", "build"]) == 0
    assert capsys.readouterr().out == f"{libraries}\n"
    assert main(["sesam", "build", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == str(libraries)
    assert not said["built"], "they were there"
    assert "libssvlux64.so" in said["libraries"]
