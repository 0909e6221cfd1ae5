"""Draw anchors and the negatives that a run removed for them: ``mmifnd contact-sheet``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().parents[1] / '_command.py'))['run']('contact-sheet')
