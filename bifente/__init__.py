"""bifente: the French health cards (CPS, carte Vitale) and their care sheets, emulated.

Named after the *lecteur bi-fente*, the two-slot reader in which both cards meet.
The code lives in sub-packages; see ``docs/architecture.md`` for who may import whom.
"""

__version__ = "0.1.0"
