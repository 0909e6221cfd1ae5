"""Choose each method's temperature on the validation split of a study: ``mmifnd select-temperature``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().with_name('_command.py')))['run']('select-temperature')
