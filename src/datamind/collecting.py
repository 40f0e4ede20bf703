"""How often garbage is collected: the first thing that our processes read.

Starting makes objects by the hundred thousand, and asks by the thousand, of which hardly any refer
to each other in a ring; Python's own threshold looks through them after each 700.
"""

from __future__ import annotations

import gc

gc.set_threshold(20_000, 20, 50)
