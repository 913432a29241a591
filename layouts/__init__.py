"""What stands where on a card: files, identifiers, access rules, content codecs, and where each fact comes from."""
