"""Who is asked about revoked certificates, as settings that can be written down and sent to a worker."""

from collections.abc import Iterable
from dataclasses import dataclass

from bifente.igc.authority import Authority
from bifente.igc.status.checker import Clock, StatusChecker
from bifente.igc.status.sources import Fetch, PublishedLists, PublishedOcsp, RegisterStatus, fetch
from bifente.igc.statussource import StatusSource


@dataclass(frozen=True, slots=True)
class StatusSettings:
    """The authorities by their folders; *online* asks what their certificates name instead of their registers."""

    folders: tuple[str, ...]
    online: bool = False
    hard_fail: bool = False

    def made(self, *, clock: Clock | None = None) -> StatusChecker:
        """The checker. Raises IgcError, OSError."""
        authorities = [Authority.open(folder) for folder in self.folders]
        return status_checker(authorities, online=self.online, hard_fail=self.hard_fail, clock=clock)


def status_checker(
    authorities: Iterable[Authority],
    *,
    online: bool = False,
    hard_fail: bool = False,
    clock: Clock | None = None,
    get: Fetch = fetch,
) -> StatusChecker:
    """A checker for what *authorities* have issued: by their registers, or *online* by OCSP and then by the published lists.

    With *hard_fail* a certificate of which nobody knows is refused. *get* fetches over HTTP; *clock* says how old is too old.
    """
    known = tuple(authorities)
    issuers = [key.certificate for one in known for key in one.issuing_keys]
    sources: list[StatusSource] = (
        [PublishedOcsp(get), PublishedLists(get)] if online else [RegisterStatus(one) for one in known]
    )
    return StatusChecker(issuers, sources, hard_fail=hard_fail, clock=clock)
