"""``python -m cinescene`` is the command ``cinescene``."""

import sys

from cinescene.cli import main

sys.exit(main())
