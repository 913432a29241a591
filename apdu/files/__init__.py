"""What a file or a key says of itself: control parameters, security data objects, and the access rules within them."""
