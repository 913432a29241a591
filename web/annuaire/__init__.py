"""The pages of the annuaire."""
