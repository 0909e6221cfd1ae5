"""Draw training images of a config and their augmented views: ``mmifnd views``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().parents[1] / '_command.py'))['run']('views')
