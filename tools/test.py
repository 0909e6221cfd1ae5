"""Judge a checkpoint by a config, with MMPretrain's flags: ``mmifnd test``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().with_name('_command.py')))['run']('test')
