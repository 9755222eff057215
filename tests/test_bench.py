"""The benchmark's harness: drivers as processes, results that are resumed, ratios, places, tables."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from eval.bench import bars, corpora, floor, machine, plan, report, stages, steps
from eval.bench.installed import closure
from eval.bench.numbers import hit5, p50_ratios, ratios, short, spread, table
from eval.bench.process import Driver, StepFailed, seconds_of
from eval.bench.results import TIME_UP, Results, fingerprint
from eval.bench.stages import REST, Clock, timed
from eval.bench.stages import table as stage_table
from eval.bench.steps import Asking, Place, Side
from eval.bench.systems import PEERS, System, ours
from eval.dataset import Gold, Question
from eval.distractors import SEEDS

FAKE = System("Letters", "tests.bench_driver", ("pytest",), "import json")
PYTHON = Path(sys.executable)


@pytest.fixture
def town(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("Bread is sold here.\n\nThe bridge was opened in 1999.\n", encoding="utf-8")
    (folder / "b.txt").write_text("学校的教师\n很多。", encoding="utf-8")
    return folder


def driver(tmp_path, encoder="letters"):
    return Driver(PYTHON, FAKE, encoder, "default", tmp_path / "log")


def test_a_driver_builds_opens_and_searches_although_its_library_prints(tmp_path, town):
    with driver(tmp_path) as letters:
        built = letters.ask(30, do="build", articles=str(town), index=str(tmp_path / "index"))
        assert built["passages"] == 2 and built["seconds"] > 0
        letters.ask(30, do="open", index=str(tmp_path / "index"))
        found = letters.ask(30, do="search", questions=["教师", "bridge"], k=1, clients=2, limit=10)
        assert found["texts"] == [["学校的教师\n很多。"], ["Bread is sold here.\nThe bridge was opened in 1999."]]
        assert len(found["times"]) == 2 and letters.peak() > 1 << 20
        assert letters.ask(30, do="search", questions=["教师"], k=1, clients=1, limit=-1)["texts"] == []
    assert "a library that prints" in (tmp_path / "log").read_text()


def test_a_driver_is_filled_with_passages_whose_vectors_are_known(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-8")
    np.save(tmp_path / "v.npy", np.eye(2, dtype=np.float32))
    with driver(tmp_path) as letters:
        assert letters.ask(30, do="fill", passages=str(tmp_path / "p.jsonl"), vectors=str(tmp_path / "v.npy"))["passages"] == 2
        with pytest.raises(StepFailed, match="ValueError: do is build"):
            letters.ask(30, do="sing")


def test_what_goes_wrong_in_a_driver_is_said(tmp_path, town):
    with pytest.raises(StepFailed, match="RuntimeError: no such encoder"):
        driver(tmp_path, "broken")
    for encoder, limit, said in (("slow", 0.3, "took longer than 0 s"), ("fragile", 30, "died")):
        with driver(tmp_path, encoder) as letters, pytest.raises(StepFailed, match=said):
            letters.ask(limit, do="build", articles=str(town), index=str(tmp_path / "index"))
    with pytest.raises(StepFailed, match="exit code 1: ZeroDivisionError"):
        seconds_of([sys.executable, "-c", "1/0"], 30)
    with pytest.raises(StepFailed, match="took longer than 0 s"):
        seconds_of([sys.executable, "-c", "import time; time.sleep(9)"], 0.2)


def test_a_run_goes_on_where_it_was_and_repeats_what_failed(tmp_path):
    said = []

    def results(key="k", end=60.0):
        return Results(tmp_path / "r", key, time.monotonic() + end, said.append)

    def fails():
        raise StepFailed("no")

    assert results().step("a", lambda: {"n": 1})["n"] == 1
    assert results().step("a", lambda: {"n": 2})["n"] == 1
    assert results().step("a", lambda: {"n": 3}, [tmp_path / "gone"])["n"] == 3
    assert results("other").step("a", lambda: {"n": 4})["n"] == 4
    assert results().step("b", fails)["error"] == "no"
    assert results(end=-1).step("b", lambda: {"n": 5}) == {"error": TIME_UP}
    assert results().step("b", lambda: {"n": 6})["n"] == 6
    assert "b: no" in said


def test_a_fingerprint_changes_with_the_files_and_what_else_is_said(tmp_path):
    (tmp_path / "x").write_text("1")
    first = fingerprint([tmp_path / "x"], "a")
    assert first == fingerprint([tmp_path / "x"], "a") != fingerprint([tmp_path / "x"], "b")
    (tmp_path / "x").write_text("2")
    assert fingerprint([tmp_path / "x"], "a") != first


def test_ratios_pair_what_was_measured_in_turn():
    assert ratios([2, 9], [1, 3]) == [2, 3]
    assert spread([3, 1, 2], " s") == "2.00 s (1.00 to 3.00)" and spread([12.34]) == "12.3" and spread([]) == "-"
    assert [short(value) for value in (1234.5, 0.5, 0.0123, 0)] == ["1234", "0.50", "0.012", "0"]
    pair = {"peer": {"rounds": [[2, 4, 9], [6]], "ranks": [1, None, 5, 6]}, "ours": {"rounds": [[1, 2, 3], [2]], "ranks": []}}
    assert p50_ratios(pair) == [2, 3]
    assert hit5(pair["peer"]) == 0.5 and hit5(pair["ours"]) == 0.0
    assert table(("a", "b"), [("1", "x|y")]) == "| a | b |\n| --- | --- |\n| 1 | x/y |"


def test_a_text_is_found_in_its_article_whatever_became_of_its_white_space(town):
    places = corpora.Places(town)
    found = places.of("sold here. The bridge")
    assert (found.article_id, found.start, found.end) == ("a", 9, 31)
    assert places.of("教师很多").article_id == "b" and places.of("nowhere").article_id == "" == places.of(" ").article_id
    asked = Question("q", "q", "en", "q", True, "date", (Gold("a", 21, 51),), ("1999",))
    assert places.rank(["Bread is sold here.", "The bridge was opened in 1999."], asked) == 2
    assert places.rank(["The bridge"], asked) is None


def test_one_article_in_a_hundred_changes_and_back(tmp_path):
    for i in range(201):
        (tmp_path / f"distractor-{i:03d}-en.txt").write_text(f"text {i}", encoding="utf-8")
    changed = corpora.change(tmp_path, "Sunday")
    assert changed == [f"distractor-{i}-en.txt" for i in ("000", "100", "200")]
    assert (tmp_path / changed[1]).read_text() == "text 100\nCorrected on Sunday."
    corpora.restore(tmp_path, changed, "Sunday")
    assert (tmp_path / changed[1]).read_text() == "text 100"


def test_the_questions_come_in_one_order_and_all_can_be_answered():
    asked = corpora.questions()
    assert asked == corpora.questions() and all(q.answerable and q.split == "dev" for q in asked)
    assert len({q.lang for q in asked[:20]}) == 4
    for each in (plan.FULL, plan.QUICK):
        used = each.asking.warm + each.asking.rounds * each.asking.each + each.asking.crowd
        assert used <= len(asked)


def test_a_corpus_is_the_seeds_and_distractors(tmp_path):
    folder = corpora.make(tmp_path, 0, None)
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in SEEDS.glob("*.txt"))
    with pytest.raises(corpora.UserError, match="--corpus"):
        corpora.make(tmp_path / "more", 5, None)


def test_the_size_of_a_package_holds_what_it_requires():
    sizes, missing = closure(["pytest", "no-such-package-here"])
    assert {"pytest", "pluggy"} <= sizes.keys() and sizes["pytest"] > 100_000 and missing == ["no-such-package-here"]
    assert "pluggy" not in closure(["numpy"])[0]


def test_the_peers_are_pinned_and_torch_is_the_build_for_processors():
    pinned = dict(line.split("==") for line in machine.pinned())
    assert pinned["torch"] == "2.13.0"
    needed = {r for system in PEERS for r in system.requirements}
    assert needed <= pinned.keys()


def test_multiply_adds_are_those_of_the_layers():
    config = {"hidden_size": 2, "intermediate_size": 4, "num_hidden_layers": 3}
    # 3 tokens: 4*2*2 + 2*2*4 = 32 a token and layer; attention 2 * 9 * 2 a layer; 2*2 and 5*5 once.
    assert floor.encoding([3], config, 5) == 3 * (3 * 32 + 36) + 4 + 25
    assert floor.encoding([3, 3], config, 5) == 2 * floor.encoding([3], config, 5)


def test_a_stage_does_not_count_the_stages_inside_it(monkeypatch):
    monkeypatch.setattr(stages, "time", SimpleNamespace(perf_counter=iter([0.0, 2.0, 7.0, 11.0]).__next__))
    clock = Clock()
    with clock.running("outer"), clock.running("inner"):
        pass
    assert clock.seconds == {"inner": 5.0, "outer": 6.0}


def test_functions_are_timed_where_they_are_called_and_as_before_afterwards():
    import index.duplicates

    before = index.duplicates.groups
    held = stage_table((("pairs", "index.duplicates:groups"), ("gone", "index.duplicates:no_such")), lambda: index.duplicates.groups(["a", "b"], 2, str.__eq__))
    assert list(held) == ["pairs", REST] and held["pairs"] > 0
    assert index.duplicates.groups is before
    with timed(Clock(), "x", "index.lexical:Lexical.open") as found:
        assert found


def build(seconds, peak=100e6):
    return {"start": 1.0, "seconds": seconds, "passages": 10, "peak": peak, "disk": 5e6, "update_seconds": 0.5, "changed": 1}


def side(times, ranks):
    return {
        "rounds": [times], "ranks": ranks, "characters": [10], "crowd": times, "crowd_seconds": 2.0, "memory": 1e8,
    }  # fmt: skip


FLOOR = {
    "threads": 2, "rate": 1e9, "speed": 1e9, "texts": 1, "tokens": 5, "multiply_adds": 1e9, "encode": 1.5, "rows": 9,
    "scan_bytes": 1e9, "scan": 2.0,
}  # fmt: skip
RESULTS = {
    "install-Letters": {"error": "not installed"},
    "cold": {"CrossCite": {"seconds": [1.0, 2.0]}, "Letters": {"seconds": [6.0, 11.0]}},
    "build-middle-ours-before-Letters (best)-0": build(2.0),
    "build-middle-Letters (best)-0": build(12.0, 250e6),
    "search-large-Letters (best)": {"peer": side([0.4], [None]), "ours": side([0.1], [1])},
    "floor": FLOOR,
    "stages": {"passages": 10, "questions": 2, "build": {"split": 1.0, REST: 3.0}, "question": {"dense": 0.1, REST: 0.3}},
}
TITLES = {"seeds": "the seeds", "middle": "10 passages", "large": "20 passages"}


def test_bars_are_measured_against_the_nearest_peer():
    found = bars.bars(RESULTS, [FAKE])
    assert [(bar, met) for _, bar, _, met in found] == [
        (">= 5x", "yes"), (">= 5x", "yes"), (">= 3x", "yes"), (">= 2x", "yes"), ("<= 2x", "yes"), ("<= 1.5x", "no"),
    ]  # fmt: skip
    assert "6.00x against Letters (best)" in found[0][2] and "5.75x (5.50x" not in found[1][2]
    assert "hit@5 1.00 and 0.00" in found[2][2]
    better = {**RESULTS, "search-large-Letters (best)": {"peer": side([0.4], [1]), "ours": side([0.1], [None])}}
    assert bars.bars(better, [FAKE])[2][3] == "no"
    assert {met for *_, met in bars.bars({}, [FAKE])} == {"-"}


def test_the_page_has_every_number_and_says_what_was_not_measured():
    page = report.markdown(RESULTS, [FAKE], {"processor": "two cores"}, "python -m eval.bench", TITLES)
    assert "- processor: two cores" in page and "`python -m eval.bench`" in page
    assert "| Letters (best) | 10 | 1.00 s | 12.0 s | 0.83 | 6.00x |" in page
    assert "- install-Letters: not installed" in page
    assert "| split | 100 | 25 % |" in page and "| exact scan |" in page
    table_of_readme = bars.summary(RESULTS, [FAKE], TITLES)
    assert table_of_readme.startswith(bars.BEGIN) and table_of_readme.endswith(bars.END) and table_of_readme in page
    assert "| Letters (best) | 6.00x | 2.50x | 5.75x (5.50 to 6.00) | 4.00x | 0.00 / 1.00 |" in table_of_readme
    assert "Not measured" in report.markdown({"cold": {"error": "no"}}, [FAKE], {}, "x", TITLES)
    lost = {"peer": side([0.4], [1]) | {"crowd": [], "crowd_error": "a race"}, "ours": side([0.1], [1])}
    page = report.markdown({"search-large-Letters (best)": lost}, [FAKE], {}, "x", TITLES)
    assert "- search-large-Letters (best), peer, many clients: a race" in page and "| 4.00x | - | - | - | 1.00 |" in page


@pytest.mark.slow
def test_our_own_driver_and_a_fake_one_go_through_the_whole_benchmark(tmp_path):
    small = plan.Plan(0, 0, cold=1, imports=1, builds=1, asking=Asking(2, 2, 4, 4, clients=2), minutes=10)
    results = Results(tmp_path / "results", "k", time.monotonic() + 500, lambda line: None)
    fake = replace(FAKE, requirements=("pytest",))
    plan.Benchmark(small, Place(tmp_path, PYTHON), results, None, None, (fake,)).run()
    assert {name: r["error"] for name, r in results.done.items() if "error" in r} == {}
    mine = results.done["build-seeds-CrossCite"]
    assert mine["passages"] > 50 and mine["peak"] > 50e6 and mine["disk"] > 100_000
    found = results.done["search-seeds-Letters"]
    assert [len(times) for times in found["ours"]["rounds"]] == [4, 4] == [len(times) for times in found["peer"]["rounds"]]
    assert hit5(found["ours"]) > hit5(found["peer"]) and len(found["ours"]["crowd"]) == 4
    assert results.done["cold"]["CrossCite"]["seconds"][0] > 0.1
    assert results.done["stages"]["build"]["tokenise and encode"] > 0 < results.done["floor"]["encode"]
    page = report.markdown(results.done, (fake,), machine.facts(), "x", TITLES)
    assert "| CrossCite |" in page and "Not measured" not in page
    again = Results(tmp_path / "results", "k", time.monotonic() - 1, lambda line: None)
    plan.Benchmark(small, Place(tmp_path, PYTHON), again, None, None, (fake,)).run()
    assert json.dumps(again.done) == json.dumps(results.done)


def test_an_index_of_ours_is_exported_for_others(tmp_path, index_folder, seed_index):
    assert corpora.export(index_folder, tmp_path / "given") == len(seed_index.passages)
    vectors = np.load(tmp_path / "given" / "vectors.npy")
    told = [json.loads(line)["text"] for line in (tmp_path / "given" / "passages.jsonl").read_text().splitlines()]
    assert told == [p.text for p in seed_index.passages]
    assert vectors.shape == (len(told), seed_index.embedder.dim) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_the_command_names_what_is_wrong(tmp_path, capsys):
    from eval.bench.__main__ import main

    assert main(["--peer", "Nobody", "--folder", str(tmp_path)]) == 1
    assert "no peer is called 'Nobody'" in capsys.readouterr().err
    assert steps.us() == Side(ours(), "default", "embedded")
