"""The electronic care sheet (*feuille de soins électronique*) and its journey, a room for each step (``docs/architecture.md``)."""
