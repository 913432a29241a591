"""ldap3, which is not maintained any more: importing it uses names of pyasn1 that are deprecated."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    import ldap3.utils.dn

__all__ = ["asking", "ldap3"]


@contextmanager
def asking(url: str) -> Iterator[ldap3.Connection]:
    """An anonymous connection; ldap3's own block leaves one open that was bound before."""
    connection = ldap3.Connection(ldap3.Server(url), auto_bind=True, receive_timeout=20)
    try:
        yield connection
    finally:
        connection.unbind()
