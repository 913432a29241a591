"""The annuaire's database: its tables and versions, its searches, its changes. The only room that knows its SQL."""
