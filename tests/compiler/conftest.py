"""Lets the compiler's tests import what they share: the reference and the random plans."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
