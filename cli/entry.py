"""Where the program ``bifente`` begins: Ctrl-C while its modules are still being imported is not a fault either."""

import gc
import sys

YOUNG_OBJECTS = 50_000
"""After how many new objects the garbage collector looks for cycles. With Python's own 700 (2000 since 3.13) it goes
through all classes and functions dozens of times while they are being imported, and finds nothing."""


def main() -> int:
    """Run ``bifente`` and return its exit code."""
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        from bifente.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("bifente: interrupted\n")
        return 130
