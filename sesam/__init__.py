"""GALSS, SSV and SGD over our reader: the C libraries that existing software calls, and the process that answers them."""
