"""Fuzz each target under the eyes of atheris, one process after the other: ``make fuzz TIME=60``.

``python tests/fuzz SECONDS [TARGET…]``. What makes a target fail is kept as ``.fuzz/<target>-crash-…``, to become a line of
the corpus once it is mended.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOUND = Path(".fuzz")


def fuzz(name: str, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
    with atheris.instrument_imports(include=["bifente"], enable_loader_override=False):
        from fuzztargets import TARGETS

        for entry in sorted((HERE / "corpus" / name).iterdir()):
            TARGETS[name](entry.read_bytes())  # what is imported when it is used is instrumented too
    own = FOUND / "corpus" / name
    own.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=2048", "-max_len=4096"]
    options += ["-print_final_stats=1", f"-artifact_prefix={FOUND}/{name}-"]
    atheris.Setup([sys.argv[0], *options, str(own), str(HERE / "corpus" / name)], TARGETS[name])
    atheris.Fuzz()


def main(seconds: int, chosen: list[str]) -> int:
    try:
        import atheris  # noqa: F401
    except ImportError:
        print(
            "atheris is not installed: it has no wheel for this Python or machine; the corpus runs in the tests"
        )
        return 0
    failed = []
    for name in chosen or sorted(each.name for each in (HERE / "corpus").iterdir()):
        command = [sys.executable, str(HERE), "--one", name, str(seconds)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        told = [line for line in run.stderr.splitlines() if line.startswith("stat::number_of_executed_units")]
        print(
            f"{name}: {told[0].split()[-1] if told else '?'} runs, {'nothing found' if run.returncode == 0 else 'FAILED'}",
            flush=True,
        )
        if run.returncode:
            failed.append(name)
            print("\n".join(f"  {line}" for line in (run.stdout + run.stderr).splitlines()[-40:]))
    print(f"{len(failed)} targets failed: {', '.join(failed)}" if failed else "no target failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        fuzz(sys.argv[2], int(sys.argv[3]))
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
