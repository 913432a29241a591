"""All mutants: importing the modules declares them."""

import kernelmutants  # noqa: F401
import pcscmutants  # noqa: F401
import wrappermutants  # noqa: F401
from mutantkit import MUTANTS

__all__ = ["MUTANTS"]
