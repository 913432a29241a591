"""Cards that there are: shown, compared, dumped, changed."""
