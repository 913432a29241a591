"""``bifente demo``: two cards and one care sheet, on one screen."""
