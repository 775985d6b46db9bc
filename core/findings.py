"""What the sentinel has found, before any model is trained."""

from dataclasses import asdict, dataclass
from typing import Any

from core.contract_spec import Level, SentinelSpec
from core.errors import DataRejected


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the data that would make a model worse than it looks.

    Attributes:
        rule: The line of `sentinel` in the YAML that decides about it.
        column: Where it is.
        what: What is wrong, as the end of a sentence that starts with the column.
        evidence: In numbers.
        blocks: Whether no model may be trained.
    """

    rule: str
    column: str
    what: str
    evidence: str
    blocks: bool

    def __str__(self) -> str:
        return f"{self.column} {self.what}: {self.evidence}"

    @property
    def document(self) -> dict[str, Any]:
        """As `train --json` and `init --json` print it."""
        return asdict(self)


def level_of(spec: SentinelSpec, rule: str) -> Level:
    """What the YAML says about a rule."""
    level: Level = getattr(spec, rule)
    return level


def refuse_blocking(findings: tuple[Finding, ...], model: str) -> None:
    """Refuse to train where a finding blocks.

    Raises:
        DataRejected: Names the column, the evidence, and the line of the YAML to change.
    """
    blocking = [finding for finding in findings if finding.blocks]
    if not blocking:
        return
    first = blocking[0]
    others = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
    ways = {
        "leaks": f"add {', '.join(sorted({f.column for f in blocking if f.rule == 'leaks'}))} to `features.drop`",
        "groups": "set `split.by: group`",
        "rare": "give more rows of the rare classes, join them, or set a larger `split.test`",
        "order": "see that `data.time` is the time at which a row is known",
    }
    way = ways.get(first.rule, "correct the data, or name the column in `features.drop`")
    raise DataRejected(
        what=f"{model} was not trained: '{first.column}' {first.what}{others}",
        why="; ".join(str(finding) for finding in blocking[:5]),
        fix=f"{way}; if it is right as it is, set `sentinel.{first.rule}: warn` in the YAML",
    )
