"""Draw the accuracy of probes on coarser and finer groups of classes: ``mmifnd group-accuracy``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().parents[1] / '_command.py'))['run']('group-accuracy')
