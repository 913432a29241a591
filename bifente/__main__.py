"""``python -m bifente``: the command ``bifente``, also where its script is not on the path."""

import importlib
import sys

if __name__ == "__main__":
    # by its name: this folder imports nothing of ours
    sys.exit(importlib.import_module(f"{__package__}.cli.entry").main())
