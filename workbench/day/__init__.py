"""A surgery's day, from the first consultation to the last payment: real cards, stores and mails, a clock that is simulated."""
