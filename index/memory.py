"""Memory that was freed, handed back to the system."""

from __future__ import annotations

import ctypes
from functools import cache


def trim() -> None:
    """Hands back what the allocator keeps for later; where it has no such call (glibc alone has), nothing happens.

    The runtime of the encoder frees a hundred megabytes once it has loaded, which glibc would hold until the process ends.
    """
    if (call := _call()) is not None:
        call(0)


@cache
def _call():
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
