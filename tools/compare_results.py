"""Put results side by side in a Markdown table: ``mmifnd compare-results``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().with_name('_command.py')))['run']('compare-results')
