"""A report for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from eval.confidence import reliability
from eval.dataset import NO_ARTICLE
from eval.report import ALL, LATENCIES, OTHER, SAME, Report, Row
from eval.scores import SCORES

MATRICES = ("hit@5", "accuracy")
_ORDER = ("en", "de", "zh-Hans", "zh-Hant")


def table(report: Report) -> str:
    """The report for a terminal: totals with 95 % intervals, a matrix question language x article language for each of
    `MATRICES`, refusals, and the trade-off of the confidence."""
    parts = [*_origin(report), _totals(report)]
    parts += [f"{SCORES[name].words}: {name}, (n)\n{aligned(matrix(report, name))}" for name in MATRICES]
    return "\n\n".join([*parts, "\n".join(curves(report))])


def markdown(report: Report) -> str:
    """The whole report in GitHub-flavoured Markdown: totals with intervals, matrices, every cell with every score."""
    parts = [*_origin(report), ruled(_total_cells(report))]
    for name in MATRICES:
        parts.append(f"**{SCORES[name].words}** ({name}; questions in rows, articles in columns)")
        parts.append(ruled(matrix(report, name)))
    parts += ["**Every cell**", ruled(every_cell(report)), "\n".join(f"- {line}" for line in curves(report))]
    return "\n\n".join(parts)


def languages(tags: Sequence[str]) -> list[str]:
    """The tags without repeats: the four languages first, then the others, unanswerable last."""
    return sorted(set(tags), key=lambda t: (t == NO_ARTICLE, _ORDER.index(t) if t in _ORDER else len(_ORDER), t))


def matrix(report: Report, name: str) -> list[list[str]]:
    """Cells of one score with the number of questions it counts, with a heading row and column and totals."""
    rows = {(row.question_lang, row.article_lang): row for row in report.rows()}
    down = languages([q for q, _ in rows if q != ALL])
    across = languages([a for q, a in rows if q != ALL and a != ALL and rows[q, a].scores[name] is not None])
    out = [["", *across, ALL]]
    for lang in [*down, ALL]:
        out.append([lang, *(_cell(rows.get((lang, tag)), name) for tag in [*across, ALL])])
    return out


def every_cell(report: Report) -> list[list[str]]:
    """A heading and a row per cell with all scores and latencies."""
    head = ["questions", "articles", "n", *(s.heading for s in SCORES.values()), "p50 ms", "p95 ms"]
    out = [head]
    for row in report.rows():
        times = [f"{1000 * row.seconds[name]:.1f}" for name in LATENCIES]
        out.append([row.question_lang, row.article_lang, str(row.n), *(_two(row.scores[n]) for n in SCORES), *times])
    return out


def curves(report: Report) -> list[str]:
    """Sentences on the confidence: area under accuracy-coverage, calibration, separation, and where refusing could begin;
    and on a judge's marks, if there are any."""
    told = reliability(report.confidences, report.answerable)
    lines = [
        f"Area under accuracy-coverage, most confident first: {report.curve().area:.3f}.",
        f"Confidence as the probability that the articles answer: expected calibration error {told.ece:.3f}, Brier score "
        f"{told.brier:.3f}.",
        *_opinion(report),
    ]
    auc = report.separation()
    if auc is None:
        return lines
    lines.append(f"Chance that an answerable question has more confidence than an unanswerable one: {auc:.3f}.")
    for wanted in (0.95, 0.90, 0.85):
        best = report.best_threshold(wanted)
        lines.append(
            f"Refusing below confidence {best.confidence:.3f} answers {best.answered:.1%} of the answerable and refuses "
            f"{best.refused:.1%} of the unanswerable."
        )
    return lines


def _opinion(report: Report) -> list[str]:
    from eval.judge import agreement

    if not report.verdicts:
        return []
    found = agreement(report.results, report.verdicts)
    lines = [f"Judge (no part of the gate): {found['graded']} answers graded, {found['unreadable']} replies unreadable."]
    for mark in ("faithfulness", "relevance"):
        if mark in found:
            a = found[mark]
            kappa, r = ("-" if v is None else f"{v:.2f}" for v in (a["kappa"], a["r"]))
            lines.append(
                f"Judge: {mark} {a['mean']:.2f} of 5, {a['passed']:.0%} good; {a['score']} calls {a['right']:.0%} right; "
                f"kappa {kappa}, correlation {r} (n={a['n']})."
            )
    return lines


def with_interval(row: Row | None, name: str) -> str:
    """`0.71 0.61-0.80`, or `-`."""
    if row is None or row.scores[name] is None:
        return "-"
    low, high = row.ranges[name]
    return f"{row.scores[name]:.2f} {low:.2f}-{high:.2f}"


def signed(value: float, digits: int = 3) -> str:
    """With its sign, and never a negative nothing."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def p_value(value: float) -> str:
    """Three decimals, or that it is smaller."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _origin(report: Report) -> list[str]:
    return [report.provenance.sentence()] if report.provenance else []


def _total_cells(report: Report) -> list[list[str]]:
    rows = {row.article_lang: row for row in report.rows() if row.question_lang == ALL}
    out = [["score (95 % interval)", ALL, f"{SAME} language", f"{OTHER} language", "what it is"]]
    out.append(["questions", *(str(rows[t].n) if t in rows else "-" for t in (ALL, SAME, OTHER)), ""])
    for name, score in SCORES.items():
        shown = [with_interval(rows.get(tag), name) for tag in (ALL, SAME, OTHER)]
        out.append([name, *shown, score.words + ("" if score.higher else " (less is better)")])
    seconds = report.overall.seconds
    times = " / ".join(f"{1000 * seconds[name]:.0f} ms" for name in LATENCIES)
    out.append(["latency", times, "-", "-", "median / 95th percentile"])
    return out


def _totals(report: Report) -> str:
    return aligned(_total_cells(report), last_left=True)


def _cell(row: Row | None, name: str) -> str:
    if row is None or row.scores[name] is None:
        return "-"
    return f"{row.scores[name]:.2f} ({row.counted[name]})"


def aligned(cells: Sequence[Sequence[str]], last_left: bool = False) -> str:
    """Cells as aligned text, a rule under the heading."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    last = len(widths) - 1
    lines = []
    for row in cells:
        padded = [
            c.ljust(w) if i == 0 or (last_left and i == last) else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "-" * sum(widths, 2 * last))
    return "\n".join(lines)


def ruled(cells: Sequence[Sequence[str]]) -> str:
    """Cells as a Markdown table."""
    head, *body = cells
    rule = ["---" if i == 0 or not body or not _number(body[-1][i]) else "---:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def _number(text: str) -> bool:
    return text[:1].isdigit() or text == "-"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
