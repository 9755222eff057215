"""Two runs compared, as one HTML page."""

from __future__ import annotations

from html import escape

from eval import report_svg
from eval.compare import Change, Comparison, clear_cells, settings_changed
from eval.dataset import NO_ARTICLE
from eval.report import ALL, OVERALL, cell_name
from eval.report_html import HEAT, cells_table, document, in_language, scroll, section
from eval.report_text import languages, p_value, signed
from eval.scores import SCORES
from eval.significance import Difference


def page(comparison: Comparison) -> str:
    """The whole page for a comparison."""
    a, b = comparison.names
    counts = {better: sum(c.better is better for c in comparison.changes) for better in (True, False)}
    about = (
        f"{len(comparison.a.results)} questions; {len(comparison.changes)} changed, {counts[True]} for the better, "
        f"{counts[False]} for the worse"
    )
    changed = settings_changed(comparison.a, comparison.b)
    inner = "".join(f"<li>{escape(line)}</li>" for line in changed) or "<li>nothing that is recorded</li>"
    clear = clear_cells(comparison)
    cells = scroll(cells_table(clear)) if len(clear) > 1 else "<p>None.</p>"
    sections = [
        section("changed", "What was changed", f"<ul>{inner}</ul>", ""),
        section("scores", "Differences", _differences(comparison), f"{b} less {a}, with 95 % intervals over facts drawn anew in both; p by swapping the runs fact by fact, corrected for the number of scores (Holm)."),
        section("languages", "Question language by article language", _heat(comparison), "Yellow is better, blue is worse; full shade is a change by 0.25."),
        section("cells", "Cells that differ by more than chance", cells, "Not corrected for their number: of twenty cells that are alike, one is expected here."),
        section("questions", "Questions that changed", _changes(comparison), ""),
    ]
    origins = [comparison.a.provenance, comparison.b.provenance]
    return document(f"CrossCite scores: {a} and {b}", "Comparison", f"{a} → {b}", about, origins, sections)


def _differences(comparison: Comparison) -> str:
    found = [d for d in comparison.cells[OVERALL].values() if d is not None]
    reach = max([0.05, *(max(abs(d.low), abs(d.high)) for d in found)])
    names = ("score", *comparison.names, "difference", "p", "p (Holm)", "n")
    head = "".join(
        f'<th scope="col"{" colspan=2" if name == "difference" else ""}>{escape(name)}</th>' for name in names
    )
    rows = "".join(_row(d, reach, comparison.adjusted.get(d.score)) for d in found)
    return scroll(f'<table class="forest"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>')


def _row(d: Difference, reach: float, adjusted: float | None) -> str:
    score = SCORES[d.score]
    less = "" if score.higher else " <em>less is better</em>"
    cells = [
        f"{d.a:.3f}", f"{d.b:.3f}", report_svg.interval(d.difference, (d.low, d.high), -reach, reach),
        f"<b>{signed(d.difference)}</b> <small>{signed(d.low)} to {signed(d.high)}</small>", escape(p_value(d.p)),
        "-" if adjusted is None else escape(p_value(adjusted)), str(d.n),
    ]
    name = f'<th scope="row"><span>{escape(d.score)}</span> <small>{escape(score.words)}{less}</small></th>'
    return f"<tr>{name}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _heat(comparison: Comparison) -> str:
    keys = [(row.question_lang, row.article_lang) for row in comparison.a.rows()]
    down = languages([q for q, _ in keys if q != ALL])
    across = [*languages([a for q, a in keys if q != ALL and a not in (ALL, NO_ARTICLE)]), ALL]
    plots = []
    for name in HEAT:
        rows = [
            (q, [_heat_cell(comparison.cells.get(cell_name(q, a), {}).get(name)) for a in across]) for q in [*down, ALL]
        ]
        svg = report_svg.heat_map(f"{name}: differences; questions in rows, articles in columns", across, rows)
        plots.append(f"<figure><figcaption><b>{escape(name)}</b> {escape(SCORES[name].words)}</figcaption>{svg}</figure>")
    return f'<div class="plots wide">{"".join(plots)}</div>'


def _heat_cell(d: Difference | None) -> tuple[float | None, str]:
    return (None, "") if d is None else (4 * d.difference, f"{signed(d.difference, 2)}\n{d.n}")


def _changes(comparison: Comparison) -> str:
    groups = [(False, "Worse"), (True, "Better"), (None, "Neither")]
    parts = []
    for better, title in groups:
        chosen = [c for c in comparison.changes if c.better is better]
        if chosen:
            parts.append(f"<h3>{title}: {len(chosen)}</h3>{''.join(map(_change, chosen))}")
    return "".join(parts) or "<p>None.</p>"


def _change(c: Change) -> str:
    sign = {True: "+", False: "\u2212", None: "="}[c.better]
    lang = c.cell.split(" ")[0]
    return (
        f'<div class="change"><b>{sign}</b><div>{in_language(c.question, lang, "p", "question")}'
        f'<p class="facts">{escape(c.id)} · {escape(c.cell)}: {escape(c.a)} → {escape(c.b)}</p></div></div>'
    )
