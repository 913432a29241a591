"""Old ciphers that messages of the field still come in. They are read when a caller asks for it, never written."""
