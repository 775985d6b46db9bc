"""The project's code in one file, to be sent to workers of a Dask cluster."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache

from adapters.arrived import VERSIONS
from adapters.settings import PROJECT
from adapters.versions import versions

# Whatever a call on a worker may need of us; the layers above only ask.
PACKAGES = ("core", "adapters", "tasks")
# The same bytes for the same code, whenever it was written.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Code:
    """The project's packages in one file, with the versions of what they compute with."""

    digest: str
    content: bytes

    @property
    def name(self) -> str:
        return f"everfit-{self.digest}"


@lru_cache(maxsize=1)
def code() -> Code:
    """The code of this process."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for package in PACKAGES:
            for path in sorted((PROJECT / package).rglob("*.py")):
                packed.writestr(zipfile.ZipInfo(path.relative_to(PROJECT).as_posix(), ZIP_EPOCH), path.read_bytes())
        packed.writestr(zipfile.ZipInfo(VERSIONS, ZIP_EPOCH), json.dumps(versions()))
    content = buffer.getvalue()
    return Code(hashlib.sha256(content).hexdigest()[:16], content)
