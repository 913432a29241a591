"""Sphinx configuration. Nothing is fetched from the network while building."""

from bifente import __version__

project = "bifente"
author = "The bifente authors"
release = version = __version__
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"bifente {release}"
html_copy_source = False
myst_heading_anchors = 3
nitpicky = True
