"""A course of cryptology to play with, from substitution to certificates: pure functions that return their steps as values.

For learning only: nothing else in the house enciphers, signs or verifies with it.
"""
