"""The versions of a surgery's store, each a step forward from the one before; alembic runs them. None is ever changed."""
