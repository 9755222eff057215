"""The command line with a small encoder that takes its time: `python tests/faults/slow_cli.py SECONDS COMMAND ...`.

A batch is eight passages and takes so many seconds, so that a build can be met in the middle.
"""

from __future__ import annotations

import sys
import time

from common import ConceptEmbedder

from index import embedder, encoded
from ui.cli import main


class Slow(ConceptEmbedder):
    """Sleeps before each batch."""

    def encode_passages(self, texts):
        time.sleep(float(sys.argv[1]))
        return super().encode_passages(texts)


if __name__ == "__main__":
    encoded._BATCH = 8
    embedder.load_embedder = lambda model=None: Slow()
    sys.exit(main(sys.argv[2:]))
