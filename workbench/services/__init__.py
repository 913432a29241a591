"""The security services of an exchange between a surgery and a caisse: each done once as it should be, then attacked."""
