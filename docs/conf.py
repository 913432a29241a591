"""Sphinx configuration. Nothing is fetched from the network while building."""

import sys
from pathlib import Path

from bifente import __version__

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "figures"))
import layoutpages  # beside this file
import pages  # in figures

layoutpages.write(Path(__file__).parent / "cards")
pages.write(Path(__file__).parent / "drawn")

project = "bifente"
author = "The bifente authors"
release = version = __version__
extensions = ["myst_parser"]
exclude_patterns = ["_build", "cards/business.md", "cards/group2.md", "cards/access-*.md", "drawn"]
html_theme = "furo"
html_title = f"bifente {release}"
html_copy_source = False
myst_heading_anchors = 3
nitpicky = True
