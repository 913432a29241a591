"""``bifente annuaire``: the directory of professionals, structures and servers."""
