"""The making of the encoder: its parts against their definitions, and the whole recipe on a toy corpus."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("sentencepiece")
pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402

from index.embedder import AXES, STATIC, float8_values  # noqa: E402
from index.encoder_onnx import OnnxEmbedder, multiplies_int8  # noqa: E402
from index.normalise import fold  # noqa: E402
from index.reader import Reader, pair  # noqa: E402
from index.training import (  # noqa: E402
    data,
    export,
    guide,
    init,
    joint,
    known,
    losses,
    mixture,
    model,
    reader,
    reader_export,
    retrieve,
    shipped,
    static,
    tokenizer,
)  # fmt: skip
from index.training.__main__ import options, run  # noqa: E402

NOUNS = [
    ("cat", "Katze", "猫", "貓"), ("dog", "Hund", "狗", "狗"), ("house", "Haus", "房子", "房子"),
    ("tree", "Baum", "树", "樹"), ("book", "Buch", "书", "書"), ("river", "Fluss", "河", "河"),
    ("city", "Stadt", "城市", "城市"), ("bird", "Vogel", "鸟", "鳥"), ("car", "Auto", "汽车", "汽車"),
    ("moon", "Mond", "月亮", "月亮"), ("bread", "Brot", "面包", "麵包"), ("water", "Wasser", "水", "水"),
]  # fmt: skip
VERBS = [("sees", "sieht", "看见", "看見"), ("likes", "mag", "喜欢", "喜歡"), ("buys", "kauft", "买", "買")]


def sentence(subject: tuple, verb: tuple, thing: tuple) -> tuple[str, str, str, str]:
    """The same in English, German, simplified and traditional Chinese."""
    return (
        f"The {subject[0]} {verb[0]} the {thing[0]}.",
        f"{subject[1]} {verb[1]} {thing[1]}.",
        f"{subject[2]}{verb[2]}{thing[2]}。",
        f"{subject[3]}{verb[3]}{thing[3]}。",
    )


def compressed(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(("\n".join(lines) + "\n").encode()))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """A few hundred aligned sentences of a dozen nouns, in the corpus's own layout."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    rows = [sentence(a, v, b) for a in NOUNS for v in VERBS for b in NOUNS if a is not b]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    sides = {"en": 0, "de": 1, "zh-Hans": 2, "zh-Hant": 3}
    for name in ("en_de", "en_zh-Hans", "en_zh-Hant", "de_zh-Hans"):
        a, b = (sides[s] for s in name.split("_"))
        lines = [f"{r[a]}\t{r[b]}\t{'tatoeba' if i < 300 else 'news'}" for i, r in enumerate(rows)]
        compressed(folder / "pairs" / f"{name}.tsv.xz", lines)
    compressed(folder / "dict" / "toy.en-de.tsv.xz", [f"{n[0]}\t{n[1]}" for n in NOUNS])
    compressed(folder / "dict" / "toy.en-zh.tsv.xz", [f"{n[0]}\t{n[2]}" for n in NOUNS])
    for lang, k in (("en", 0), ("zh", 2)):
        asked = [
            json.dumps({"question": q, "context": r[k] + " " + rows[i - 1][k], "answers": [{"text": "", "start": 0}]})
            for i, r in enumerate(rows[:60])
            for q in ([f"What does the {r[0].split()[1]} do?"] if k == 0 else [f"{r[2][0]}做什么？"])
        ]
        compressed(folder / "qa" / f"toy.{lang}.train.jsonl.xz", asked)
    (folder / "written").mkdir()
    article = {
        "lang": "en", "date": "2024-01-01", "title": "cat", "sentences": {"1": "The cat sees.", "2": "It mags.", "3": "The dog sees."},
        "asked": [{"gold": 2, "kind": "how", "answer": "mags", "q": {"en": "mag cat?", "de": "mag Katze?", "zh-Hans": "貓?"}}],
        "refused": [{"near": 3, "q": {"en": "The bird?"}}],
    }  # fmt: skip
    (folder / "written" / "1.json").write_text(json.dumps(article), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def teacher(tmp_path_factory, corpus) -> Path:
    """A random two-layer BERT whose WordPiece vocabulary knows the English words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("teacher")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", "?", "the", "what", "does", "do", "##s"]
    words += [n[0] for n in NOUNS] + [v[0] for v in VERBS]
    spec = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    spec.normalizer = normalizers.BertNormalizer()
    spec.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    spec.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=128, initializer_range=0.1,
    )  # fmt: skip
    bert = BertModel(config, add_pooling_layer=False)
    with torch.no_grad():
        bert.embeddings.word_embeddings.weight.mul_(10)  # words, not positions, decide where a sentence lies
    bert.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory, corpus, teacher) -> Path:
    """The work folder after every stage, `joint` too."""
    work = tmp_path_factory.mktemp("work")
    run(arguments(corpus, work, teacher, "all"))
    for stage in ("joint", "export"):
        run(arguments(corpus, work, teacher, stage))
    return work


def arguments(corpus: Path, work: Path, teacher: Path, stage: str, *more: str):
    return options(
        [*"--vocab 220 --keep 200 --longest 128 --steps 150 --tokens 1024 --rows 32".split(), "--data", str(corpus),
         "--work", str(work), "--teacher", str(teacher), "--guide", str(teacher), "--texts", "32",
         "--written", str(corpus / "written"), stage, *more]
    )  # fmt: skip


def test_encoder_equals_bert_with_mean_pooling(teacher):
    from transformers import BertModel

    bert = BertModel.from_pretrained(teacher, add_pooling_layer=False).eval()
    ids, mask = model.pad([np.array([2, 11, 12, 3]), np.array([2, 13, 3])])
    states = bert(ids, attention_mask=mask).last_hidden_state
    mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    want = (mean / mean.norm(dim=1, keepdim=True)).detach().numpy()
    np.testing.assert_allclose(model.encode(model.from_bert(teacher), [ids[0].numpy(), ids[1, :3].numpy()]), want, atol=1e-5)


def test_float8_values_are_torchs():
    want = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).float().nan_to_num(0).numpy()
    np.testing.assert_array_equal(float8_values(), want)


def test_a_saved_model_loads_as_it_was_to_half_precision(tmp_path, teacher):
    one = model.from_bert(teacher)
    model.save(one, tmp_path / "m.safetensors")
    two = model.load(tmp_path / "m.safetensors")
    assert two.layers[0].heads == 4
    for name, tensor in one.state_dict().items():
        np.testing.assert_array_equal(two.state_dict()[name].numpy(), tensor.half().float().numpy(), err_msg=name)


def test_contrast_is_cross_entropy_over_cosines_both_ways():
    a, b = (torch.nn.functional.normalize(torch.randn(5, 8), dim=1) for _ in range(2))
    logits = (a @ b.T / 0.05).numpy().astype(float)
    rows = -np.mean([logits[i, i] - np.log(np.exp(logits[i]).sum()) for i in range(5)])
    columns = -np.mean([logits[i, i] - np.log(np.exp(logits[:, i]).sum()) for i in range(5)])
    assert losses.contrast(a, b).item() == pytest.approx((rows + columns) / 2, rel=1e-4)


def test_equal_rows_do_not_repel_each_other():
    a = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0], [0, 1]]), dim=1)
    assert losses.contrast(a, a, losses.alike(a, 0.9)).item() < 1e-6 < 0.4 < losses.contrast(a, a).item()


def test_rows_is_zero_where_the_student_is_the_teacher_and_positive_elsewhere():
    t, s = (torch.nn.functional.normalize(torch.randn(6, 8), dim=1) for _ in range(2))
    assert losses.rows(t, t, t).item() == pytest.approx(0, abs=1e-5)
    assert losses.rows(s, t, t).item() > 0.01


def test_a_pool_comes_back_and_its_batches_hold_every_row_once_an_epoch(tmp_path):
    rng = np.random.default_rng(0)
    sides = [[rng.integers(0, 60_000, n).astype(np.uint16) for n in rng.integers(1, 30, 500)] for _ in range(2)]
    mixture.Pool(*sides, [np.zeros(0, np.uint16)] * 500).save(tmp_path / "p.npz")
    pool = mixture.Pool.load(tmp_path / "p.npz")
    assert all(np.array_equal(x, y) for s, t in zip(sides, (pool.a, pool.b), strict=True) for x, y in zip(s, t, strict=True))
    stream, seen = pool.batches(256, 16, rng), []
    while len(seen) < 500:
        rows = next(stream)
        longest = max(max(len(pool.a[i]), len(pool.b[i])) for i in rows)
        assert len(rows) <= 16 and len(rows) * longest <= max(256, 4 * longest)
        seen += rows.tolist()
    assert sorted(seen) == list(range(500))


def test_an_unknown_piece_lies_between_its_nearest_english_pieces():
    static = np.eye(6, dtype=np.float32)
    static[5] = (static[1] + static[2]) / np.sqrt(2)
    rows = np.array([[0, 0], [2, 0], [0, 2]], np.float32)
    found = init.Anchors(np.array([0, 1, 2]), [[0], [1], [2]])
    new = init.mapped(static, rows, found, np.ones(6, bool))[5]
    assert new[0] == pytest.approx(new[1]) and np.linalg.norm(new) == pytest.approx(0.9 * 4 / 3, rel=1e-5)


def test_pieces_worth_keeping_are_specials_single_characters_then_the_frequent():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁rare", "▁often", "猫", "▁some"]
    count = np.array([0, 0, 0, 0, 1, 9, 0, 5])
    assert export.useful(count, pieces, 7).tolist() == [0, 1, 2, 3, 5, 6, 7]
    with pytest.raises(ValueError, match="at least 5, got 4"):
        export.useful(count, pieces, 4)


def test_a_window_is_whole_sentences_around_the_answer():
    context = "Erster Satz. Zweiter Satz hier. Dritter Satz dort. Vierter."
    assert retrieve.window(context, context.index("Dritter"), 40) == "Dritter Satz dort. Vierter."
    assert retrieve.window(context, 0, 1000) == context


def test_normaliser_folds_traditional_width_and_case(tmp_path):
    pytest.importorskip("opencc")
    assert tokenizer.normaliser_rules(tmp_path / "n.tsv") > 3000
    rules = dict(line.split("\t") for line in (tmp_path / "n.tsv").read_text().splitlines())
    for old, new in (("書", "书"), ("Ａ", "a"), ("Ü", "ü"), ("，", ",")):
        assert rules[f"{ord(old):X}"] == f"{ord(new):X}"


@pytest.mark.slow
def test_held_out_sentences_are_in_no_pool(made, corpus, monkeypatch):
    from tokenizers import Tokenizer

    ours = Tokenizer.from_file(str(made / "tokenizer.json"))
    rows = data.held_out(corpus, "en_de") + data.held_out(corpus, "en_zh-Hans")
    assert rows
    out = {tuple(ours.encode(t, add_special_tokens=False).ids) for r in rows for t in r}
    for path in (made / "pools").glob("*.npz"):
        pool = mixture.Pool.load(path)
        assert not out & {tuple(r[1:-1].tolist()) for side in (pool.a, pool.b) for r in side}, path.name


@pytest.mark.slow
def test_distilling_brings_translations_together(made, teacher):
    rows = mixture.Pool.load(made / "pools" / "sentence.en_de.npz")
    want = model.encode(model.from_bert(teacher).eval(), rows.t)
    others = np.roll(want, 1, axis=0)
    near = {}
    for stage in ("start", "distil"):
        german = model.encode(model.load(made / f"{stage}.safetensors").eval(), rows.b)
        right, wrong = (german * want).sum(1).mean(), (german * others).sum(1).mean()
        near[stage] = right, right - wrong
    assert near["distil"][0] > near["start"][0] + 0.1
    assert near["distil"][1] > near["start"][1]


@pytest.mark.slow
def test_tuning_brings_static_vectors_of_questions_and_passages_together(made, tmp_path):
    pool = mixture.Pool.load(made / "pools" / "qa.npz")
    static.tune({"qa": pool}, made / "static.safetensors", tmp_path / "tuned.safetensors", 1, steps=60)
    apart = {}
    for path in (made / "static.safetensors", tmp_path / "tuned.safetensors"):
        table = torch.tensor(static.read(path))
        a, b = (torch.stack([table[r[1:-1].astype(int)].sum(0) for r in side]) for side in (pool.a, pool.b))
        a, b = (torch.nn.functional.normalize(x, dim=1) for x in (a, b))
        rows = np.arange(len(a))
        apart[path.stem] = losses.contrast(a, b, static.equal(pool.a, rows) | static.equal(pool.b, rows)).item()
    assert apart["tuned"] < 0.8 * apart["static"]


def as_texts(work: Path, texts: list[str]) -> list[np.ndarray]:
    """The texts in ids of the work folder's vocabulary, cut into pieces as the exported tokenizer does."""
    spec = json.loads((work / "tokenizer.json").read_text(encoding="utf-8"))
    number = {piece: i for i, (piece, _) in enumerate(spec["model"]["vocab"])}
    shipped = OnnxEmbedder(work / "export")._tokenizer
    return [np.array([number[t] for t in shipped.encode(x).tokens]) for x in texts]


@pytest.mark.slow
def test_both_loading_paths_give_the_vectors_of_the_last_stages(made):
    from sentence_transformers import SentenceTransformer

    texts = ["The cat sees the dog.", "Katze mag Hund.", "貓看見狗。", "", "the cat " * 90]
    ours = OnnxEmbedder(made / "export").encode_passages(texts)
    theirs = SentenceTransformer(str(made / "export"), device="cpu").encode(texts)
    assert (ours * theirs).sum(1).min() > 0.999
    trained = model.load(made / "joint.safetensors").eval()
    np.testing.assert_array_equal(load_file(made / "export" / AXES)["linear.weight"].float(), trained.turn)
    want = trained(*model.pad(as_texts(made, texts[:3]))).detach().numpy()
    np.testing.assert_allclose(ours[:3] @ ours[:3].T, want @ want.T, atol=0.02)  # float8 keeps the cosines


@pytest.mark.slow
def test_an_unpacked_folder_rounds_back_to_its_own_weights(made, tmp_path):
    shipped.unpack(made / "export", tmp_path)
    whole = model.load(tmp_path / "retrieve.safetensors")
    again = export.bert_state(whole.encoder)
    for name, want in load_file(made / "export" / "model.safetensors").items():
        np.testing.assert_allclose(again[name].float(), want.float(), rtol=1e-2 if "position" in name else 0, err_msg=name)
    for name, have in ((STATIC, whole.static.weight), (AXES, whole.turn)):
        (rows,) = load_file(made / "export" / name).values()
        np.testing.assert_array_equal(rows.float(), have.detach())


@pytest.mark.slow
def test_training_goes_on_from_a_shipped_folder(made, corpus, teacher, tmp_path):
    texts = ["The cat sees the dog.", "Katze mag Hund.", "貓看見狗。"]
    run(arguments(corpus, tmp_path, teacher, "all", "--shipped", str(made / "export"), "--steps", "5"))
    assert (tmp_path / "export" / "tokenizer.json").read_bytes() == (made / "export" / "tokenizer.json").read_bytes()
    before, after = (OnnxEmbedder(work / "export").encode_passages(texts) for work in (made, tmp_path))
    np.testing.assert_allclose(after @ after.T, before @ before.T, atol=0.1)  # five steps change little, but something
    assert np.abs(after @ after.T - before @ before.T).max() > 1e-4


@pytest.mark.slow
def test_texts_take_over_in_every_language_what_the_guide_says_of_them(made, teacher):
    asked = [mixture.Pool.load(made / "pools" / f"{name}.npz") for name in retrieve.POOLS]
    before = export.whole(made, asked, made / "retrieve.safetensors")
    guided = known.know(made, before, guide.load(teacher), "cpu", 4096)
    rows = next(joint.neighbourhoods(guided.parallel, 64, np.random.default_rng(5)))
    lost = {}
    for name, whole in (("before", before), ("after", model.load(made / "joint.safetensors").eval())):
        with torch.no_grad():
            parts = joint.of_texts(lambda at, whole=whole: guided.texts.encode(whole, at, 4096), guided.parallel, rows, np.random.default_rng(0))
        lost[name] = sum(parts[k].item() for k in ("across", "back", "among", "second"))
    assert lost["after"] < 0.9 * lost["before"], lost


@pytest.mark.slow
def test_a_finished_stage_is_not_run_again(made, corpus, teacher):
    before = (made / "distil.json").read_text()
    run(arguments(corpus, made, teacher, "distil"))
    assert json.loads((made / "distil.json").read_text())["step"] == json.loads(before)["step"]


@pytest.mark.slow
def test_a_reader_ships_as_it_was_made(made, corpus, teacher, tmp_path):
    more = ["--shipped", str(made / "export"), "--steps", "3", "--workers", "2"]
    run(arguments(corpus, tmp_path, teacher, "reader", *more))
    run(arguments(corpus, tmp_path, teacher, "reader", *more, "--checkpoint", str(tmp_path / "reading" / "reader.safetensors")))
    own = reader.load(tmp_path / "reader.safetensors", made / "export")
    with torch.no_grad():
        own.score.weight.copy_(torch.randn(own.score.weight.shape, generator=torch.Generator().manual_seed(0)))
    reader_export.write(own, made / "export", tmp_path / "reading")
    ours, rounded = (Reader(tmp_path / "reading", made / "export", int8) for int8 in (False, True))
    texts, titles = ["The cat sees the dog.", "Katze mag Hund.", "貓看見狗。"], ["", "cat", "dog"]
    tokens = ours._tokenizer.tokenizer
    asked, *rows = [tokens.encode(fold(t), add_special_tokens=False).ids for t in ("What does the cat do?", *texts, *titles)]
    with torch.inference_mode():
        theirs = own(*reader.padded([pair(asked, s, t) for s, t in zip(rows[:3], rows[3:], strict=True)])).numpy()
    assert np.ptp(theirs) > 0.1
    for each, tolerance in ((ours, 0.0), (rounded, 0.05))[: 1 + multiplies_int8()]:
        np.testing.assert_allclose(each.scores("What does the cat do?", texts, titles, [""] * 3), theirs, rtol=0.02, atol=tolerance)
