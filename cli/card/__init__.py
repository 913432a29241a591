"""``bifente card``: card files, made, shown, compared, changed."""
