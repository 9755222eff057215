"""A report as one HTML page: no script, no outside resource, light and dark; every text of a question, an answer or an
article is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from eval import report_svg
from eval.confidence import failures, reliability
from eval.dataset import NO_ARTICLE
from eval.metrics import finds, percentile
from eval.provenance import Provenance
from eval.report import ALL, LATENCIES, OTHER, SAME, Report, Row
from eval.report_text import every_cell, languages
from eval.run import Result
from eval.scores import SCORES
from index.types import Hit

STYLE = Path(__file__).with_name("report.css")
WORST = 20
_HITS = 5
_HEADLINE = ("ndcg@10", "citation_precision", "accuracy", "answered", "refusal_recall", "language")
HEAT = ("hit@5", "ndcg@10", "citation_recall", "accuracy")
GROUPS = {
    "Rankings": ("hit@1", "hit@3", "hit@5", "mrr", "ndcg@10", "recall@10", "own_language_first"),
    "Citations": ("citation_precision", "citation_recall", "alce_precision", "alce_recall", "uncited", "exactness"),
    "Answers": ("accuracy", "quantity", "exact_match", "f1", "chrf", "3gram_recall", "language", "script"),
    "Refusals": ("answered", "refusal_precision", "refusal_recall", "hallucination_rate", "error_rate"),
}


def page(report: Report) -> str:
    """The whole page for one run."""
    name = report.provenance.name if report.provenance else "run"
    n, facts = len(report.results), len({r.question.fact for r in report.results})
    answerable = sum(report.answerable)
    about = f"{n} questions about {facts} facts; {answerable} can be answered, {n - answerable} cannot"
    sections = [
        _headline(report),
        section("scores", "Scores", _scores(report), "With 95 % intervals: facts are drawn anew, a fact with all its questions."),
        section("languages", "Question language by article language", _heat(report), "Shade and figure are the score, below it the number of questions."),
        section("confidence", "Confidence", _confidence(report), "How well the probability of an answer tells what can be answered."),
        section("latency", "Time to answer", _latency(report), ""),
        *([section("judge", "A chat model's opinion", _judge(report), "Not part of any gate.")] if report.verdicts else []),
        section("worst", "What went wrong", _worst(report), "Confidently wrong first. Hits that hold the answer are marked."),
        section("cells", "Every cell", scroll(cells_table(every_cell(report))), ""),
    ]
    return document(f"CrossCite scores: {name}", "Evaluation", name, about, [report.provenance], sections)


def document(
    title: str, kicker: str, headline: str, about: str, origins: Iterable[Provenance | None], sections: Iterable[str]
) -> str:
    """A page around `sections`; everything but these is escaped here."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    told = "".join(_origin(o) for o in origins if o is not None)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<header><p class=\"kicker\">{escape(kicker)}"
        f"</p><h1>{escape(headline)}</h1><p>{escape(about)}</p>{told}</header>\n<main>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def scroll(inner: str) -> str:
    """A wide table that scrolls by itself, with the keyboard too."""
    return f'<div class="scroll" tabindex="0" role="group" aria-label="Table">{inner}</div>'


def cells_table(cells: Sequence[Sequence[str]]) -> str:
    """A heading row and rows as an HTML table, the first column as row headings."""
    head, *body = cells
    top = "".join(f'<th scope="col">{escape(c)}</th>' for c in head)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(c)}</td>" for c in rest) + "</tr>"
        for first, *rest in body
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"


def in_language(text: str, lang: str, tag: str = "p", kind: str = "") -> str:
    """An element with its language told, its text escaped."""
    cls = f' class="{kind}"' if kind else ""
    return f'<{tag}{cls} lang="{escape(lang)}" dir="auto">{escape(text)}</{tag}>'


def section(name: str, title: str, inner: str, note: str) -> str:
    """A part of the page under its heading; `inner` is HTML, the rest is escaped."""
    said = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{escape(title)}</h2>{said}{inner}</section>'


def _origin(o: Provenance) -> str:
    commit = "none" if o.commit is None else o.commit[:10] + (" with changes" if o.dirty else "")
    told = {
        "commit": commit, "encoder": o.encoder, "index": o.index, "questions": o.questions_sha256[:12],
        **{key: str(value) for key, value in o.settings.items() if value is not None},
        "machine": f"{o.machine['cores']} cores, {o.machine['cpu']}, Python {o.machine['python']}", "time": o.time,
    }
    return '<dl class="origin">' + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in told.items()) + "</dl>"


def _headline(report: Report) -> str:
    tiles = []
    row = report.overall
    for name in _HEADLINE:
        if row.scores[name] is not None:
            low, high = row.ranges[name]
            tiles.append((f"{row.scores[name]:.2f}", SCORES[name].words, f"{name}, {low:.2f} to {high:.2f}"))
    seconds = row.seconds[LATENCIES[0]]
    tiles.append((f"{1000 * seconds:.0f} ms", "median time to answer", f"95 %: {1000 * row.seconds[LATENCIES[1]]:.0f} ms"))
    inner = "".join(
        f"<li><b>{escape(a)}</b><span>{escape(b)}</span><small>{escape(c)}</small></li>" for a, b, c in tiles
    )
    return f'<ul class="tiles">{inner}</ul>'


def _scores(report: Report) -> str:
    rows = {row.article_lang: row for row in report.rows() if row.question_lang == ALL}
    head = "".join(
        f'<th scope="col"{c}>{h}</th>'
        for h, c in (("score", ""), ("all", ' colspan="2"'), (f"{SAME} language", ""), (f"{OTHER} language", ""), ("n", ""))
    )
    body = []
    for group, names in GROUPS.items():
        body.append(f'<tr class="group"><th scope="rowgroup" colspan="6">{group}</th></tr>')
        body += [_score_row(rows, name) for name in names if name in SCORES]
    return scroll(f'<table class="forest"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>')


def _score_row(rows: dict[str, Row], name: str) -> str:
    score, row = SCORES[name], rows[ALL]
    less = "" if score.higher else " <em>less is better</em>"
    value, bounds = row.scores[name], row.ranges[name]
    shown = "-" if value is None or bounds is None else f"<b>{value:.2f}</b> <small>{bounds[0]:.2f}-{bounds[1]:.2f}</small>"
    others = "".join(f"<td>{_two(rows[t].scores[name]) if t in rows else '-'}</td>" for t in (SAME, OTHER))
    return (
        f'<tr><th scope="row"><span>{escape(name)}</span> <small>{escape(score.words)}{less}</small></th>'
        f"<td>{report_svg.interval(value, bounds)}</td><td>{shown}</td>{others}<td>{row.counted[name]}</td></tr>"
    )


def _heat(report: Report) -> str:
    plots = []
    rows = {(row.question_lang, row.article_lang): row for row in report.rows()}
    down = languages([q for q, _ in rows if q != ALL])
    for name in HEAT:
        across = languages([a for q, a in rows if q != ALL and a not in (ALL, NO_ARTICLE)])
        lines = [
            (q, [_heat_cell(rows.get((q, a)), name) for a in [*across, ALL]]) for q in [*down, ALL] if (q, ALL) in rows
        ]
        title = f"{name}: {SCORES[name].words}; questions in rows, articles in columns"
        svg = report_svg.heat_map(title, [*across, ALL], lines)
        plots.append(f"<figure><figcaption><b>{escape(name)}</b> {escape(SCORES[name].words)}</figcaption>{svg}</figure>")
    return f'<div class="plots wide">{"".join(plots)}</div>'


def _heat_cell(row: Row | None, name: str) -> tuple[float | None, str]:
    if row is None or row.scores[name] is None:
        return None, ""
    return row.scores[name], f"{row.scores[name]:.2f}\n{row.counted[name]}"


def _confidence(report: Report) -> str:
    found = report.curve()
    figures = [
        ("Accuracy by coverage", f"area {found.area:.3f}: the mean accuracy when only the most confident are answered",
         report_svg.curve(f"Accuracy against coverage, area {found.area:.3f}", found.points, "coverage", "accuracy"))
    ]
    told = reliability(report.confidences, report.answerable)
    figures.append((
        "Reliability", f"calibration error {told.ece:.3f}, Brier score {told.brier:.3f}; on the diagonal confidence is true",
        report_svg.reliability_diagram(f"Reliability of the confidence, calibration error {told.ece:.3f}", told),
    ))
    auc = report.separation()
    if auc is not None:
        row = report.overall
        now = [(row.scores["answered"], row.scores["refusal_recall"], "now")]
        points = sorted((t.answered, t.refused) for t in report.thresholds())
        figures.append((
            "Where to refuse", f"separation {auc:.3f}: the chance that an answerable question has more confidence",
            report_svg.curve("Unanswerable refused against answerable answered", points, "answerable answered", "unanswerable refused", now),
        ))
    return '<div class="plots">' + "".join(
        f"<figure><figcaption><b>{escape(a)}</b> {escape(b)}</figcaption>{c}</figure>" for a, b, c in figures
    ) + "</div>"


def _latency(report: Report) -> str:
    seconds = report.overall.seconds
    marks = [(1000 * seconds[name], f"{words} {1000 * seconds[name]:.0f} ms") for name, words in zip(LATENCIES, ("median", "95 %"), strict=True)]
    svg = report_svg.histogram("Milliseconds to answer a question", [1000 * r.seconds for r in report.results], "milliseconds", marks)
    stages: dict[str, list[float]] = {}
    for r in report.results:
        for stage, spent in r.answer.stages:
            stages.setdefault(stage, []).append(1000 * spent)
    rows = [["stage", "median ms", "95 % ms"]]
    rows += [[s, *(f"{percentile(spent, p):.1f}" for p in (50, 95))] for s, spent in stages.items()]
    table = f"<figure>{scroll(cells_table(rows))}</figure>" if stages else ""
    return f'<div class="plots"><figure>{svg}</figure>{table}</div>'


def _judge(report: Report) -> str:
    from eval.judge import agreement

    found = agreement(report.results, report.verdicts)
    rows = [["mark", "mean of 1-5", "judged good", "score", "scored right", "kappa", "correlation", "n"]]
    for mark in ("faithfulness", "relevance"):
        if mark in found:
            a = found[mark]
            rows.append([mark, f"{a['mean']:.2f}", _two(a["passed"]), a["score"], _two(a["right"]), _two(a["kappa"]), _two(a["r"]), str(a["n"])])
    said = f"<p>{found['graded']} answers graded, {found['unreadable']} replies could not be read.</p>"
    return said + scroll(cells_table(rows))


def _worst(report: Report) -> str:
    found = failures(report.results)
    shown = "".join(_card(f.result, f.what) for f in found[:WORST])
    more = f'<p class="note">{len(found)} of {len(report.results)} questions went wrong; the worst {min(WORST, len(found))} are shown.</p>'
    return more + shown


def _card(r: Result, what: str) -> str:
    gold = "".join(in_language(text, lang, "blockquote", "gold") for text, lang in r.gold_texts)
    accepted = f"<p>{escape(', '.join(r.question.answers))}</p>" if r.question.answers else "<p>nothing: the articles do not say</p>"
    hits = "".join(_hit(hit, r) for hit in r.answer.hits[:_HITS])
    return (
        f'<details class="card"><summary><span class="what">{escape(what)}</span>'
        f"{in_language(r.question.question, r.question.lang, 'span', 'question')}"
        f'<span class="facts">{escape(r.question.id)} · {escape(r.question.lang)} to {escape(r.article_lang)} · '
        f"confidence {r.answer.confidence:.2f}</span></summary>"
        f"<h3>Right</h3>{accepted}{gold}<h3>Said</h3>{in_language(r.answer.text, r.answer.lang, 'p', 'said')}"
        f'<h3>Found</h3><ol class="hits">{hits}</ol></details>'
    )


def _hit(hit: Hit, r: Result) -> str:
    right = finds(hit.passage, r.question.gold)
    mark = '<b class="right">holds the answer</b> ' if right else ""
    where = f"{hit.passage.article_id} {hit.passage.start}-{hit.passage.end} · {hit.passage.lang} · {hit.score:.3f}"
    kind = ' class="right"' if right else ""
    return f"<li{kind}>{mark}<small>{escape(where)}</small>{in_language(hit.passage.text, hit.passage.lang)}</li>"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
