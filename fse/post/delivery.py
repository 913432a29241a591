"""The post as everybody uses it: hand a mail over, take those that came, say when one is dealt with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bifente.fse.post.envelope import message_id


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that came. ``id`` is the box's own name for it, by which it is said to be dealt with.

    ``oversize`` is 0, or the bytes of a mail that is too large to be read: ``message`` then has its headers only.
    """

    id: str
    message: bytes
    oversize: int = 0

    @property
    def message_id(self) -> str:
        """What the sender calls it: the same for a mail that comes a second time."""
        return message_id(self.message)


class Post(Protocol):
    """A way for mails. Every method raises PostError; nothing is lost by one."""

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Hand *message* over. When this returns, the post has it, durably."""

    def fetch(self) -> Iterator[Delivered]:
        """The mails in the box that are not dealt with, the oldest first. They stay there."""

    def done(self, id: str) -> None:
        """This mail is dealt with: it will not be fetched again. One that is not there is no error."""
