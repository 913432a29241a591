"""What can stand around a card in a slot: the T=0 front, faults, latency. Recorders are of the traces."""
