"""What every part of the YAML has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Every part of the YAML: no unknown keys, no change after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")
