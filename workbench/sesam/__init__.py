"""The libraries that existing software calls, built here, and the process that answers them."""
