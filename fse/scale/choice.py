"""Which engine a person has named."""

from bifente.fse.scale.engines import Engine, ProcessEngine, ScaleError, SerialEngine

SPECIFICATIONS = "serial, processes[:N], dask[:N] or dask:tcp://HOST:PORT"
"""What :func:`engine_for` understands."""


def engine_for(specification: str) -> Engine:
    """The engine that a person has named: see :data:`SPECIFICATIONS`. Raises ScaleError for anything else."""
    kind, _, rest = specification.partition(":")
    if kind == "serial" and not rest:
        return SerialEngine()
    if kind == "processes":
        return ProcessEngine(_workers(specification, rest))
    if kind == "dask":
        from bifente.fse.scale.cluster import DaskEngine

        if rest.startswith(("tcp://", "tls://")):
            return DaskEngine(address=rest)
        return DaskEngine(workers=_workers(specification, rest))
    raise ScaleError(f"{specification!r} is not an engine: {SPECIFICATIONS}")


def _workers(specification: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 256):
        raise ScaleError(f"{specification!r}: a number of workers from 1 to 256 was expected")
    return int(text)
