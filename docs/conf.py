"""Sphinx configuration. Nothing is fetched from the network while building."""

import sys
from pathlib import Path

from bifente import __version__

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "figures")]
import layoutpages  # beside this file
import pages  # in figures

layoutpages.write(HERE / "cards")
pages.write(HERE / "drawn")

project = "bifente"
author = "The bifente authors"
release = version = __version__
extensions = ["myst_parser"]
exclude_patterns = ["_build", "cards/business.md", "cards/group2.md", "drawn"]
html_theme = "furo"
html_title = f"bifente {release}"
html_copy_source = False
myst_heading_anchors = 3
nitpicky = True
