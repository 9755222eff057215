"""Questions of which only the places or only the answers are known count where they can, and nowhere else."""

from eval.dataset import Gold, Question
from eval.run import run
from index.types import Article, Hit, Passage, Span
from rag.types import Answer, Citation

TEXT = "Es sind 40 Firmen."
ARTICLE = Article("x", "de", "T", TEXT, (Span(0, len(TEXT)),))


def ask(question: str) -> Answer:
    whole = Span(0, len(TEXT))
    cited = Citation(1, "x", 0, len(TEXT), TEXT, "de", whole, (Span(8, 10),))
    hit = Hit(Passage("x", "de", 0, len(TEXT), TEXT), 1.0)
    return Answer(question, "de", True, f"„{TEXT}“ [1]", (cited,), (hit,), None, 0.0, 0.9)


def test_places_alone_score_the_search_and_answers_alone_the_words():
    known = {"lang": "de", "answerable": True, "kind": ""}
    places = Question(id="a", question="Wie viele?", fact="a", gold=(Gold("x", 0, len(TEXT)),), answers=(), **known)
    words = Question(id="b", question="Wie viele?", fact="b", gold=(), answers=("40",), **known)
    first, second = run(ask, [places, words], [ARTICLE])
    for name in ("hit@1", "mrr", "ndcg@10", "recall@10", "citation_precision", "citation_recall", "alce_recall"):
        assert first.parts[name] == (1, 1) and second.parts[name] == (0, 0), name
    for name in ("accuracy", "exact_match", "f1", "chrf", "3gram_recall"):
        assert first.parts[name] == (0, 0) and second.parts[name] == (1, 1), name
    assert first.parts["answered"] == second.parts["answered"] == (1, 1)
