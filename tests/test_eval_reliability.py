"""The table of faults says what the scripts counted, and nothing of a fault that was not survived."""

from __future__ import annotations

import pytest

from eval import reliability
from eval.reliability import MARKS, Row, main, table
from index.errors import UserError

SEEN = {
    "killed_builds.py": {"kills": 306, "nothing": 140, "old": 166, "before": 228, "after": 7},
    "damage.py": {"cases": 3000, "files": 16, "kinds": 14, "wrong": 0, "crashes": 0, "refused": 2900, "unchanged": 100, "built": 60},
    "readers.py": {"readers": 6, "swaps": 60, "openings": 140, "builds_seen": 3, "wrong": 0, "failures": 0},
    "full_disk.py": {"disks": 65, "refused": 34, "built": 31, "read_only": 1},
    "many_articles.py": {"articles": 10_000, "passages": 10_000, "build": 50.4, "recheck": 2.44, "add": 24.0, "open": 1.31},
    "offline.py": {"cut": "namespace", "steps": 14},
    "eval.scale": {
        "passages": 1_007_200, "texts": 10_072, "build": 161.2, "peak": 832.4, "disk": 6316.0, "opened": 17.1, "p50": 33.3, "p99": 71.0,
        "recall10": 0.989, "recall40": 0.953,
    },
}


@pytest.fixture
def asked(monkeypatch) -> list[list[str]]:
    """The fault scripts are not run: they counted SEEN, and of each test file three tests passed."""
    called: list[list[str]] = []

    def counted(script, *arguments):
        called.append([script, *map(str, arguments)])
        return SEEN[script]

    monkeypatch.setattr(reliability, "counted", counted)
    monkeypatch.setattr(reliability, "tested", lambda file, chosen="": (3, 0))
    return called


def test_the_block_of_the_readme_is_written_and_nothing_else(tmp_path, asked):
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{MARKS[0]}\nold\n{MARKS[1]}\nb\n", encoding="utf-8")
    assert main(["--readme", str(readme), "--cases", "7", "--swaps", "8", "--articles", "9", "--passages", "5"]) == 0
    lines = readme.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["a", MARKS[0]] and lines[-2:] == [MARKS[1], "b"] and len(lines) == 4 + 2 + 9
    text = "\n".join(lines)
    for told in ("306 kills", "3,000 cases over 16 files", "0 wrong answers, 0 crashes", "6 readers, 60 swaps, 140 openings", "66 disks",
                 "10,000 short articles", "nothing changed 2.4 s", "14 steps", "and the kernel's count", "| 3 tests | all pass |",
                 "1,007,200 passages", "a search 33 ms (p99 71)", "98.9% are found, of 40 95.3%", "within 832 MB, 6.3 GB on disk"):
        assert told in text, told
    assert [call[-1] for call in asked[:-1] if len(call) > 2] == ["7", "8", "9"] and [call[0] for call in asked] == list(SEEN)
    assert asked[-1][:2] == ["eval.scale", "5"]


def test_without_the_comments_the_table_is_printed(tmp_path, asked, capsys):
    readme = tmp_path / "README.md"
    readme.write_text("a\n", encoding="utf-8")
    assert main(["--readme", str(readme)]) == 0
    assert capsys.readouterr().out.startswith("| what happens | how often |") and readme.read_text(encoding="utf-8") == "a\n"


def test_a_fault_that_is_not_survived_changes_no_readme(tmp_path, asked, monkeypatch, capsys):
    readme = tmp_path / "README.md"
    text = f"{MARKS[0]}\nold\n{MARKS[1]}\n"
    readme.write_text(text, encoding="utf-8")
    monkeypatch.setattr(reliability, "tested", lambda file, chosen="": (3, 1))
    assert main(["--readme", str(readme)]) == 1
    said = capsys.readouterr()
    assert "not survived: 1 tests of test_faults.py fail" in said.err and said.out == "" and readme.read_text(encoding="utf-8") == text


def test_a_script_that_fails_is_told_with_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(reliability, "FAULTS", tmp_path)
    (tmp_path / "good.py").write_text("print('{\"a\": 1}')", encoding="utf-8")
    (tmp_path / "bad.py").write_text("raise SystemExit('a wrong answer')", encoding="utf-8")
    assert reliability.counted("good.py") == {"a": 1}
    with pytest.raises(UserError, match=r"not survived: a wrong answer; look closer: python tests/faults/bad\.py 3"):
        reliability.counted("bad.py", 3)
    with pytest.raises(UserError, match=r"look closer: python -m eval\.nothing 3"):
        reliability.counted("eval.nothing", 3)


def test_passed_and_failed_tests_are_counted(tmp_path):
    file = tmp_path / "test_x.py"
    file.write_text("def test_first(): pass\ndef test_second(): pass\ndef test_third(): raise ValueError\n", encoding="utf-8")
    assert reliability.tested(str(file)) == (2, 1)
    assert reliability.tested(str(file), "first or second") == (2, 0)
    with pytest.raises(UserError, match="cannot be run"):
        reliability.tested(str(tmp_path / "test_none.py"))


def test_where_no_disk_can_be_made_the_row_says_so():
    row = Row(*reliability.full({"skipped": "no mount namespace can be made here"}), 0.1)
    assert "not tried: no mount namespace" in table([row])
