"""Care sheets on the workbench: asked for, made by cards, prepared and signed later, read, printed, verified."""
