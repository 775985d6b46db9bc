"""The command lines that README and tutorial tell, and a table of trips that they are right for."""

import re

import numpy as np
import pandas as pd

from adapters.settings import PROJECT

# Up to the remark behind it.
LINE = re.compile(r"everfit [a-z][^#\n]*")


def told_in(page: str) -> list[str]:
    """Each command line of a page once, in the page's order: lines of a shell, and what stands in the text as code."""
    text = (PROJECT / page).read_text(encoding="utf-8")
    found = re.findall(r"```\w*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL)
    lines = [line for block, inline in found for line in (block or inline).splitlines()]
    return list(dict.fromkeys(match.group().strip() for line in lines if (match := LINE.match(line))))


def shell_lines(page: str) -> list[str]:
    """The command lines of a page that stand in its shells, in order."""
    blocks = re.findall(r"```bash\n(.*?)```", (PROJECT / page).read_text(encoding="utf-8"), re.DOTALL)
    return [match.group().strip() for block in blocks for line in block.splitlines() if (match := LINE.match(line))]


def trips(n_rows: int = 3000) -> pd.DataFrame:
    """Trips of 60 days; long ones are late more often, and those of a van."""
    random = np.random.default_rng(8)
    miles, vehicle = random.gamma(2, 6, n_rows).round(1), random.choice(["van", "bike", "car"], n_rows)
    chance = 1 / (1 + np.exp(-(miles / 6 - 2.5 + 1.5 * (vehicle == "van"))))
    start = pd.Timestamp("2026-01-01")
    return pd.DataFrame(
        {
            "trip": [f"t{i}" for i in range(n_rows)],
            "started": start + pd.to_timedelta(np.sort(random.uniform(0, 60, n_rows)).round(4), unit="D"),
            "miles": miles,
            "vehicle": vehicle,
            "late": random.uniform(size=n_rows) < chance,
        }
    )


# What tests/flows/test_readme_commands.py runs, in an order in which each finds what it needs.
README_RUN = (
    "everfit init trips.csv --target late",
    "everfit train trips",
    "everfit release trips",
    "everfit init SOURCE --target COL",
    "everfit contract diff NAME",
    "everfit contract accept NAME",
    "everfit land NAME table.csv",
    "everfit check NAME",
    "everfit train NAME",
    "everfit release NAME",
    "everfit approve NAME",
    "everfit predict NAME SOURCE -o out.csv",
    "everfit rollback NAME --to 3",
    "everfit lineage NAME",
    "everfit page NAME:3",
    "everfit evidence NAME:3",
    "everfit verify FILE",
    "everfit score NAME",
    "everfit status",
    "everfit gc",
)
# What needs servers, or minutes: the test that does the same, by how its name begins.
RUN_ELSEWHERE = {
    "everfit serve trips": ("flows/test_readme_commands.py", "test_request_of_the_readme_is_answered_as_it_shows"),
    "everfit serve NAME": ("serving/test_processes.py", "test_releases_and_a_rollback_under_load_fail_no_request"),
    "everfit replay NAME": ("cli/test_replay.py", "test_replay_tells_windows_policies_and_draws_them"),
    "everfit doctor": ("cli/test_doctor.py", "test_a_laptop_without_a_server_is_well"),
    "everfit up": ("deployments/test_stack.py", "test_stack_starts_and_is_found_again"),
    "everfit down": ("deployments/test_stack.py", "test_stop_leaves_no_process"),
}
