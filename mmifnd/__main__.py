"""``python -m mmifnd`` is the command ``mmifnd``."""

import sys

from mmifnd.cli import main

if __name__ == '__main__':
    sys.exit(main())
