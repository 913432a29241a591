"""The groups of the SSV interface: numbers, names, wire form, findings, people. A model, no card's place."""
