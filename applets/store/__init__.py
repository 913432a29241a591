"""Where a card's records are kept: in memory or in a card file, every change whole or not at all."""
