"""`python -m deployments.audit`: does a package of requirements.lock have a known vulnerability? `make check` asks it.

Where the database cannot be reached, the audit is skipped and says so; it never passes without an answer.
"""

import argparse
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from adapters.settings import PROJECT

DATABASE = "https://api.osv.dev/v1/query"
REACHED_WITHIN_S = 3.0
ANSWER_WITHIN_S = 15


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default=DATABASE, help="Address of an OSV database")
    parser.add_argument("--lock", type=Path, default=PROJECT / "requirements.lock", help="Lock with hashes")
    parser.add_argument(
        "--ignore", action="append", default=[], help="Id of a vulnerability that is known and accepted"
    )
    options = parser.parse_args(arguments)
    if why := _unreachable(options.database):
        print(f"audit skipped: {options.database} cannot be reached ({why})")
        return 0
    return _audit(options.database, options.lock, options.ignore)


def _unreachable(database: str) -> str | None:
    """Why nobody answers there; None where somebody does, whatever the answer."""
    if not database.startswith(("https://", "http://")):
        return "it is no web address"
    try:
        with urllib.request.urlopen(database, timeout=REACHED_WITHIN_S):  # nosec B310 # noqa: S310 - no file, see above
            return None
    except urllib.error.HTTPError:
        return None
    except OSError as error:
        return str(getattr(error, "reason", error))


def _audit(database: str, lock: Path, ignored: list[str]) -> int:
    # Its default database tells of a package that it does not know, "could not be audited", and passes.
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--osv-url", database]
    command += ["--disable-pip", "--require-hashes", "--requirement", str(lock), "--progress-spinner", "off"]
    command += ["--timeout", str(ANSWER_WITHIN_S), *(word for each in ignored for word in ("--ignore-vuln", each))]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
