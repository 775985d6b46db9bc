"""A person's word on a release: a form in the Prefect UI, while the run is suspended and holds no worker."""

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment
from pydantic import Field

from core.acceptance import CheckResult
from core.gate_spec import ReleaseSpec
from core.records import Version


class Approval(RunInput):
    """The form."""

    approve: bool = Field(description="Make this version the champion")
    by: str = Field(min_length=1, max_length=200, description="Your name, for the journal")
    why: str = Field("", max_length=2000, description="Your reason, for the journal")


def ask(candidate: Version, why: str, policy: ReleaseSpec) -> Approval | None:
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
            f"**Release version {candidate.number} of {record.model}?** A person is asked because {why}.\n\n"
            f"{record.reason}\n\n| on the test rows | |\n|---|---|\n{metrics}"
        ),
        approve=True,
    )
    return suspend_flow_run(
        wait_for_input=form,
        timeout=int(policy.approval_timeout.total_seconds()),
        key=f"{record.model}-v{candidate.number}",
    )


def declined(answer: Approval) -> CheckResult:
    """A person's no, as the check that did not pass."""
    return CheckResult(
        "approved by a person", False, f"{answer.by} declined" + (f": {answer.why}" if answer.why else "")
    )
