"""The web pages: a face. They ask the workbench and render values."""
