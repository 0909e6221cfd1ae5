"""Write or check a report of what runs detected as false negatives: ``mmifnd report``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().with_name('_command.py')))['run']('report')
