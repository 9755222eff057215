"""An article of two sentences, the hit that holds it, and claims about it."""

from index.types import Article, Hit, Passage, Span
from rag.types import Claim, Source

TEXT = "Wuhan plant 200 Milliarden Yuan. Shenzhen zählt 2.800 Firmen [3]."
ARTICLE = Article("a", "de", "Pläne der Städte", TEXT, (Span(0, len(TEXT)),), date="2025-02-14", publisher="Zeitung")
SENTENCES = (Span(0, 32), Span(33, 65))
HIT = Hit(Passage("a", "de", 0, len(TEXT), TEXT, SENTENCES), 1.0)
FIRST = Source(0, SENTENCES[0])


def claim(text="Wuhan plant 200 Milliarden Yuan.", sources=(FIRST,), before="\n"):
    """A claim that rests on the first sentence, unless told otherwise."""
    return Claim(text, tuple(sources), before)
