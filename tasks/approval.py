"""A person's word on a release: a form in the Prefect UI, while the run is suspended and holds no worker."""

from dataclasses import dataclass

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment
from pydantic import Field

from core.acceptance import CheckResult
from core.gate_spec import ApprovalSpec
from core.records import Version
from tasks.releases import waits_for_a_person


class Approval(RunInput):
    """The form."""

    approve: bool = Field(description="Make this version the champion")
    by: str = Field(min_length=1, max_length=200, description="Your name, for the journal")
    why: str = Field("", max_length=2000, description="Your reason, for the journal")


def ask(candidate: Version, why: str, policy: ApprovalSpec, alias: str) -> Approval | None:
    """Suspend this run until somebody answers; resumed, it starts again and finds the answer here.

    A time-out keeps the champion: a run that waited longer cannot be resumed.

    Returns:
        The answer; None where nobody is to be asked, or nobody can be: this run belongs to no deployment.
    """
    if policy.approval == "never" or deployment.get_id() is None:
        return None
    record = candidate.record
    metrics = "\n".join(f"| {name} | {value:.4f} |" for name, value in record.report.metrics.items())
    form = Approval.with_initial_data(
        description=(
            f"**Make version {candidate.number} of {record.model} the {alias}?** A person is asked because {why}.\n\n"
            f"{record.reason}\n\n| on the test rows | |\n|---|---|\n{metrics}"
        ),
        approve=True,
    )
    return suspend_flow_run(
        wait_for_input=form,
        timeout=int(policy.approval_timeout.total_seconds()),
        key=f"{record.model}-v{candidate.number}-{alias}",
    )


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says to a version: who, or that nobody has spoken yet, or no.

    Attributes:
        needed: Whether the policy asked for it.
    """

    by: str | None
    needed: bool = False
    waits: str | None = None
    no: CheckResult | None = None


def word_on(candidate: Version, policy: ApprovalSpec, alias: str, by: str | None) -> Word:
    """A person's word where the policy wants one.

    Args:
        candidate: What is to be released.
        policy: Of the alias.
        alias: Where it is to go.
        by: Who has agreed already.
    """
    why = waits_for_a_person(candidate, policy)
    if not why or by:
        return Word(by, needed=bool(why))
    answer = ask(candidate, why, policy, alias)
    if answer is None:
        name, number = candidate.record.model, candidate.number
        told = f"version {number} waits for approval as {alias} ({why}): everfit approve {name} --version {number}"
        return Word(None, needed=True, waits=told)
    return Word(answer.by, needed=True, no=None if answer.approve else _declined(answer))


def _declined(answer: Approval) -> CheckResult:
    """A person's no, as the check that did not pass."""
    return CheckResult(
        "approved by a person", False, f"{answer.by} declined" + (f": {answer.why}" if answer.why else "")
    )
