"""Write the backbone of a checkpoint in the layout of another project: ``mmifnd export``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().parents[1] / '_command.py'))['run']('export')
