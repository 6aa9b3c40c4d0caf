"""Does not get ready."""

from __future__ import annotations

import time

time.sleep(3600)
