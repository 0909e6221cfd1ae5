"""Draw what a config changes over its epochs: ``mmifnd schedules``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().parents[1] / '_command.py'))['run']('schedules')
