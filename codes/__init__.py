"""The nomenclatures and identifiers of the health system: GIP tables, régimes, qualities, keys, loose dates."""
