"""Old ciphers that messages and cards of the field still come in; nothing new is made with them but for such a card."""
