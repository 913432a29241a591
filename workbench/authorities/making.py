"""An authority made in a folder, with the addresses that will stand in its certificates."""

from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.igc.keys import Progress


def make_authority(
    folder: Path,
    *,
    environment: str = "T",
    base_url: str | None = None,
    ldap_url: str | None = None,
    progress: "Progress | None" = None,
) -> "Authority":
    """Make an authority in *folder*, or open the one that is there. Raises WorkbenchError, IgcError, OSError."""
    from bifente.igc import Authority
    from bifente.igc.names import PublicationUrls

    urls = None
    if base_url is not None or ldap_url is not None:
        try:
            urls = PublicationUrls((base_url or "").rstrip("/"), (ldap_url or "").rstrip("/"))
        except ValueError as error:
            raise WorkbenchError(str(error), "usage.url") from None
    return Authority.init(folder, environment=environment, urls=urls, progress=progress)
