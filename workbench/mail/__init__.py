"""Secure mail: files of mails, the cards that sign and open them, and the servers that carry them."""
