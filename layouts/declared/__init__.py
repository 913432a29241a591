"""The contents of files declared with construct, to hold the codecs against: no card loads this."""
