"""The example on the page of the post does what it says."""

import re
from pathlib import Path

from bifente.igc import IssuedCaisse

PAGE = Path(__file__).parents[3] / "docs/post.md"


def test_the_example_runs(caisse: IssuedCaisse) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {"b2": b"5TP".ljust(128) * 12, "caisse": caisse}
    exec(example, names)
    assert names["letter"].subject.endswith("/20261128031500/00012")  # type: ignore[attr-defined]
