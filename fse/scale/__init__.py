"""Where the work of making and verifying sheets is done: here, in other processes, or on other machines."""

from bifente.fse.scale.choice import engine_for
from bifente.fse.scale.engines import Engine, ProcessEngine, ScaleError, SerialEngine

__all__ = ["Engine", "ProcessEngine", "ScaleError", "SerialEngine", "engine_for"]
