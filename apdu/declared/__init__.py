"""Commands, answers and certificates declared with construct, to hold the codecs against: no card loads this."""
