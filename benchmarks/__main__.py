"""Run all benchmarks, or those named on the command line; what begins with -- is for the benchmark itself."""

import importlib
import sys

BENCHMARKS = ("gate", "quality", "tuning", "drift", "drift_speed", "replay", "serving", "events")


def main(words: list[str]) -> int:
    n_names = next((i for i, word in enumerate(words) if word.startswith("--")), len(words))
    chosen, options = words[:n_names], words[n_names:]
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark is named {unknown[0]}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    if options and len(chosen) != 1:
        print("options need the name of one benchmark before them", file=sys.stderr)
        return 2
    for name in chosen or BENCHMARKS:
        print(f"== {name}", flush=True)
        benchmark = importlib.import_module(f"benchmarks.{name}")
        benchmark.run(options) if options else benchmark.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
