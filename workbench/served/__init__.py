"""Readers that programs see: what is in their slots, around the cards, and how they are told what to do."""
