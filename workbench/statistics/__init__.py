"""What the store of a caisse says of télétransmission: counted, drawn, and a year made up to look at."""
