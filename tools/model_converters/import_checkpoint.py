"""Convert a public checkpoint into one of mmifnd: ``mmifnd import``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().parents[1] / '_command.py'))['run']('import')
