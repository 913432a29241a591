"""Dated tables of the nomenclatures, and the prices by them: pure functions, each amount explained.

``Tables`` are the rows with their validities and sources; ``Tables.on(day)`` is what holds on a day. ``price`` and
``explain`` take the facts of a sheet and give what record 4 of B2 needs. Nothing here reads a clock, a card or a network.
"""
