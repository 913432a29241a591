"""What alembic runs: the steps, on the connection that it was given, inside of the caller's transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
