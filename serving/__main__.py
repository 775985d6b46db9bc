"""`python -m serving`: the endpoint as a program of the local stack, which sets its environment."""

import argparse
import sys

from serving.run import serve


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    serve(options.host, options.port, 1, {})


if __name__ == "__main__":
    main(sys.argv[1:])
