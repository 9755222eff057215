"""Search results for programs and for a terminal, with what explains their place."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ui.output import edition, edition_json, harmless, hit_json, page_plain
from ui.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.types import Article, Hit, Passage


def ranked_json(rank: int, hit: Hit, find: Callable[[str], Article]) -> dict[str, Any]:
    """A hit of a search as JSON: the hit's own keys, its `rank`, its near-duplicates (with `start`, `end`, `lang`) and its
    article's twins in `also`, and `why` it is there (the fields of `index.types.Why`, numbers rounded to 6 places)."""
    why = {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(hit.why).items()}
    also = [{**edition_json(find(p.article_id)), "start": p.start, "end": p.end, "lang": p.lang} for p in hit.also]
    return {"rank": rank, **hit_json(hit, find), "also": also + [edition_json(a) for a in _twins(hit, find)], "why": why}


def ranked_plain(rank: int, hit: Hit, find: Callable[[str], Article], explain: bool = False) -> str:
    """A hit of a search for a terminal; with `explain` a line says how it was found."""
    page = page_plain(find(hit.passage.article_id), hit.passage.start, "en")
    lines = [" ".join(filter(None, (f"{rank:2}. {hit.score:.3f}  {_place(hit.passage)}", page, hit.passage.lang)))]
    lines += [f"    also in {_place(p)} {p.lang}" for p in hit.also]
    lines += [f"    {say('en', 'also_at', where=edition(a, 'en'))}" for a in _twins(hit, find)]
    if explain:
        lines.append(f"    {explained(hit)}")
    return harmless("\n".join([*lines, f"    {' '.join(hit.passage.text.split())}"]))


def explained(hit: Hit) -> str:
    """How a hit was found, in one line: ranks and scores of the lists it was in, and what it shares with the question."""
    why = hit.why
    said = [
        f"dense {_number(why.dense_rank)} ({_number(why.dense_score)})",
        f"lexical {_number(why.lexical_rank)} ({_number(why.lexical_score)})",
        f"fused {_number(why.fused_rank)}",
        f"coverage {_number(why.coverage)}",
        f"language {hit.passage.lang}",
        f"terms {' '.join(t for t in why.terms if t not in why.quantities) or '-'}",
        f"quantities {' '.join(why.quantities) or '-'}",
    ]
    return "; ".join([*said, *([f"part {why.part!r}"] if why.part else [])])


def _twins(hit: Hit, find: Callable[[str], Article]) -> list[Article]:
    """The twins of a hit's article of which no passage is a near-duplicate."""
    named = {p.article_id for p in hit.also}
    return [find(other) for other in find(hit.passage.article_id).also if other not in named]


def _place(passage: Passage) -> str:
    return f"{passage.article_id} {passage.start}-{passage.end}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
