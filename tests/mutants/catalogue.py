"""All mutants: importing the modules declares them."""

import filemutants  # noqa: F401
import keymutants  # noqa: F401
import pcscmutants  # noqa: F401
import pcscstatemutants  # noqa: F401
import pinmutants  # noqa: F401
import wrappermutants  # noqa: F401
from mutantkit import MUTANTS

__all__ = ["MUTANTS"]
