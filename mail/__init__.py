"""Secure mail with the CPS: messages signed by its signature key and opened by its authentication key."""
