"""Traces in captured packets: pcap and pcapng, with USB CCID or GSMTAP inside."""
