"""Only the table of instructions has sets of instruction bytes."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("reader", "terminal", "traces", "conformance", "testing", "workbench", "cli", "applets")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def compared(source: str) -> list[int]:
    """The lines on which an instruction byte is compared with a number."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        left = node.left
        named = isinstance(left, ast.Attribute | ast.Name) and (
            left.attr if isinstance(left, ast.Attribute) else left.id
        ) in ("ins", "instruction")
        numbers = (
            each for other in node.comparators for each in ast.walk(other) if isinstance(each, ast.Constant)
        )
        if named and any(isinstance(each.value, int) for each in numbers):
            found.append(node.lineno)
    return found


def test_a_comparison_is_found() -> None:
    assert compared(
        "if command.ins == 0x20: pass\nif ins in (0x20, 0x21): pass\nif command.ins in CODES: pass\n"
    ) == [1, 2]


def test_no_instruction_byte_is_written_down_a_second_time() -> None:
    assert len(MODULES) > 100
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in MODULES
        for line in compared(path.read_text(encoding="utf-8"))
    }
    assert not found, "ask bifente.apdu.instructions"
