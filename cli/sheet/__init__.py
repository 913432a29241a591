"""``bifente sheet``: signed care sheets."""
