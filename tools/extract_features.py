"""Write features of a training set to a file: ``mmifnd extract-features``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().with_name('_command.py')))['run']('extract-features')
