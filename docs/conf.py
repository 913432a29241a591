"""Sphinx configuration. Nothing is fetched from the network while building."""

import sys
from pathlib import Path

from bifente import __version__

sys.path.insert(0, str(Path(__file__).parent))
import layoutpages  # beside this file

layoutpages.write(Path(__file__).parent / "cards")

project = "bifente"
author = "The bifente authors"
release = version = __version__
extensions = ["myst_parser"]
exclude_patterns = ["_build", "cards/business.md", "cards/group2.md"]
html_theme = "furo"
html_title = f"bifente {release}"
html_copy_source = False
myst_heading_anchors = 3
nitpicky = True
