"""The plan of the house: which way imports point, what is imported when, and how long a file may be."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "index": {"index"},
    "rag": {"index", "rag"},
    "eval": {"index", "rag", "eval"},
    "ui": {"index", "rag", "eval", "ui"},  # `crosscite score` runs eval
}
HEAVY = re.compile(
    r"(torch|transformers|sentence_transformers|gradio|langchain\w*|faiss|tokenizers|onnxruntime|opencc|py3langid|"
    r"snowballstemmer|safetensors|tqdm)(\.|$)"
)
MAX_LINES = 300


def modules(*packages: str) -> list[Path]:
    return sorted(p for package in packages for p in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


ALL = modules(*MAY_IMPORT)


def imported(nodes) -> list[str]:
    """The dotted names that the import statements among `nodes` bring in; relative ones begin with a point."""
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append("." * node.level + (node.module or ""))
    return names


def everywhere(source: str) -> list[str]:
    return imported(ast.walk(ast.parse(source)))


def on_loading(source: str) -> list[str]:
    """What importing the module imports: all but the bodies of functions and of `if TYPE_CHECKING`."""
    def visit(body):
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield from visit(node.orelse)
                continue
            yield node
            yield from visit(ast.iter_child_nodes(node))

    return imported(visit(ast.parse(source).body))


def test_the_readers_of_imports_see_what_they_should():
    source = (
        "import a\nfrom b.c import d\nfrom . import e\nif TYPE_CHECKING:\n    import f\n"
        "def x():\n    import g\nclass Y:\n    import h\n    def z(self):\n        import i\ntry:\n    import j\nexcept E:\n    import k\n"
    )
    assert sorted(everywhere(source)) == [".", "a", "b.c", "f", "g", "h", "i", "j", "k"]
    assert sorted(on_loading(source)) == [".", "a", "b.c", "h", "j", "k"]


def test_there_are_modules_to_read():
    assert {p.relative_to(ROOT).parts[0] for p in ALL} == set(MAY_IMPORT) and len(ALL) > 30


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_imports_point_downward_only(path):
    package = path.relative_to(ROOT).parts[0]
    own = {name.split(".")[0] for name in everywhere(path.read_text(encoding="utf-8"))} & (set(MAY_IMPORT) | {"tests"})
    assert own - MAY_IMPORT[package] == set()


@pytest.mark.parametrize("path", [*ALL, *modules("tests")], ids=name_of)
def test_no_module_hides_the_builtin_eval(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert [a.name for a in node.names if (a.asname or a.name.split(".")[0]) == "eval"] == []


LIGHT = [
    p for p in [*modules("index", "rag", "eval"), ROOT / "ui" / "cli.py", ROOT / "ui" / "__init__.py"]
    if (ROOT / "index" / "training") not in p.parents
]


@pytest.mark.parametrize("path", LIGHT, ids=name_of)
def test_heavy_libraries_are_imported_by_the_function_that_needs_them(path):
    assert [name for name in on_loading(path.read_text(encoding="utf-8")) if HEAVY.match(name)] == []


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_no_module_is_longer_than_a_reader_holds_in_mind(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", ALL, ids=name_of)
def test_no_pickle_and_no_swallowed_exception(path):
    source = path.read_text(encoding="utf-8")
    assert [n for n in everywhere(source) if n.split(".")[0] in ("pickle", "cPickle", "dill", "joblib", "shelve")] == []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            assert not (broad and all(isinstance(s, ast.Pass) for s in node.body)), f"line {node.lineno}"
        assert not isinstance(node, ast.Assert), f"assert in line {node.lineno}"


def test_help_loads_no_heavy_library(run_python):
    said = run_python("""
import contextlib, io, sys
sys.argv = ["crosscite", "--help"]
from ui.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as out:
    main(["--help"])
heavy = "torch gradio numpy sentence_transformers transformers langchain langchain_core faiss tokenizers onnxruntime".split()
print("build" in out.getvalue(), [name for name in heavy if name in sys.modules])
""")
    assert said == "True []\n"


def test_a_search_with_the_embedded_encoder_loads_neither_torch_nor_gradio(run_python, index_folder):
    said = run_python(f"""
import sys
from pathlib import Path
from index.embedder import load_embedder
from index.store import open_index
hits = open_index(Path({str(index_folder)!r}), load_embedder()).search("Wuhan", 3)
print(len(hits), [n for n in ("torch", "gradio", "sentence_transformers", "transformers", "langchain") if n in sys.modules])
""")
    assert said == "3 []\n"
