"""The commands on the life of files and of the card (ISO/IEC 7816-9:2017 §7), one module each."""
