"""Where the program ``bifente`` begins: Ctrl-C while its modules are still being imported is no fault either."""

import sys


def main() -> int:
    """Run ``bifente`` and return its exit code."""
    try:
        from bifente.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("bifente: interrupted\n")
        return 130
