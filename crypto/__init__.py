"""What the ``cryptography`` library does not offer: message recovery, resumable digests, raw padding of a card."""
