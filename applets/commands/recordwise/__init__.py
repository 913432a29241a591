"""The commands on records (ISO/IEC 7816-4:2020 §11.4), one module each."""
