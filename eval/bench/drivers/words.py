"""Words for the BM25 of systems that leave them to their user."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")


def words(text: str) -> list[str]:
    """Lower-case words, and single Han characters and pairs of them."""
    out: list[str] = []
    for run in _WORDS.findall(text.lower()):
        if "\u3400" <= run[0] <= "\u9fff":
            out += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        else:
            out.append(run)
    return out
