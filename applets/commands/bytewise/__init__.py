"""The commands on transparent files beyond READ and UPDATE BINARY (ISO/IEC 7816-4:2020 §11.3), one module each."""
