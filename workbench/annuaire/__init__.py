"""The annuaire: filled from cards, certificates, authorities and extracts; searched; its certificates taken away."""
