"""Run all benchmarks, or those named on the command line."""

import importlib
import sys

BENCHMARKS = ("gate", "quality", "drift", "drift_speed", "replay", "serving")


def main(chosen: list[str]) -> int:
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is named {unknown[0]}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in chosen or BENCHMARKS:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
