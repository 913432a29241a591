"""The départements on a grid: one square for each, about where it lies. Our own drawing, not a map's projection."""

from typing import Final

_GRID: Final = """
.. .. .. .. 76 80 62 59 02 .. .. ..
.. .. .. 14 27 95 60 93 08 55 57 ..
.. 22 50 61 78 92 75 77 51 54 67 ..
29 35 53 72 28 91 94 10 52 88 68 ..
.. 56 44 49 41 45 18 89 21 70 90 ..
.. .. 85 79 37 36 03 58 71 39 25 ..
.. .. 17 86 87 23 63 42 69 01 74 ..
.. .. 33 16 24 19 15 43 07 38 73 ..
971 .. 40 47 82 46 12 48 26 04 05 ..
972 .. 64 32 81 31 34 30 84 83 06 ..
973 .. .. 65 09 11 66 .. 13 .. .. 2B
974 976 .. .. .. .. .. .. .. .. .. 2A
"""

SQUARES: Final = {
    name: (column, row)
    for row, line in enumerate(_GRID.strip().splitlines())
    for column, name in enumerate(line.split())
    if name != ".."
}
"""Département → column and row, from the upper left corner. Overseas ones stand in the lower left one."""

COLUMNS: Final = 1 + max(column for column, _ in SQUARES.values())
ROWS: Final = 1 + max(row for _, row in SQUARES.values())
