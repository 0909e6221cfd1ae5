"""Compare methods over seeds: table, results.json, report.html: ``mmifnd study``."""

import runpy
from pathlib import Path

if __name__ == '__main__':
    runpy.run_path(str(Path(__file__).resolve().with_name('_command.py')))['run']('study')
