"""What a card says when it is reset: the ATR and the historical bytes within it."""
