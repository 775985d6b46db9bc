"""The `everfit` command: its words, and which function answers them. Nothing heavy is imported before it is needed."""

import signal
import sys

import click

from cli.answers import run
from cli.contract_commands import contract
from cli.data_commands import land
from cli.deploy_command import deploy
from cli.doctor_command import doctor
from cli.evidence_commands import evidence, verify
from cli.gc_command import gc
from cli.init_command import init
from cli.lineage_command import lineage
from cli.model_commands import check, train
from cli.page_command import page
from cli.predict_command import predict
from cli.release_commands import approve, release, rollback
from cli.replay_command import replay
from cli.score_command import score
from cli.serve_command import serve
from cli.stack_commands import demo, down, up
from cli.status_command import status


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def everfit() -> None:
    """Keep tabular models fit for the data they see now."""


COMMANDS = (
    *(demo, init, land, contract, train, check, release, approve, rollback),
    *(predict, serve, replay, status, lineage, page, evidence, verify, score, gc, up, down, deploy, doctor),
)
for command in COMMANDS:
    everfit.add_command(command)


def main() -> None:
    """Entry point."""
    # A shell that starts us in the background has Ctrl-C ignored; whoever sends it means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A service manager stops with SIGTERM: what was half done is taken back as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(everfit, sys.argv[1:]))


if __name__ == "__main__":
    main()
