"""The command ``mmifnd``: one file per subcommand, imported when it is run, over the functions of the rooms below."""

from .command import COMMANDS, main, run_command

__all__ = ['COMMANDS', 'main', 'run_command']
