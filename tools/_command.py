"""Runs a subcommand of ``mmifnd`` for the files of this folder, in a checkout that need not be installed."""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]


def run(name: str) -> None:
    """Run ``mmifnd NAME`` with the arguments of the process, on the package beside this folder, and exit if it fails."""
    if (TOP / 'mmifnd' / '__init__.py').is_file() and sys.path[0] != str(TOP):
        sys.path.insert(0, str(TOP))
    from mmifnd.cli import COMMANDS, run_command
    status = run_command(name, sys.argv[1:], f'python tools/{COMMANDS[name].tool}.py')
    if status:
        sys.exit(status)
