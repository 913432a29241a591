"""The commands on data objects of the current directory (ISO/IEC 7816-4:2020 §11.5), one module each."""
