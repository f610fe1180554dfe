"""Trains the same rows in the same order with Prelude and with PEFT, and compares the two step by step.

    python tools/peft-parity/parity.py [--work DIR] [--steps 20] [prefix prompt lora …]

Both start from the same adapter (`tune --trace`); PEFT's side is what `tune --gpus` gives a person, train.py. That
script is then run as a person runs it, and what it saves is imported into Prelude and measured there. Exits with 1 where
losses or gradients differ by more than LIMIT, or Prelude measures what was imported otherwise than train.py did.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "public/models/fable-7m"
DATA = ROOT / "public/samples/sentiment.jsonl"
METHODS = {
    "prefix": ["--method", "prefix"],
    "prefix of which 4 frozen": ["--method", "prefix", "--frozen-tokens", "4"],
    "prompt": ["--method", "prompt", "--lr", "0.3"],
    "lora": ["--method", "lora", "--lr", "0.01"],
    "lora, at a tenth": ["--method", "lora", "--lr", "0.001"],
    "lora on all, at a tenth": ["--method", "lora", "--lr", "0.001", "--targets", "q,k,v,o,gate,up,down"],
}
CONTINUED_STEPS = 5
LIMIT = 1e-3


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prelude(program, *arguments):
    command = ["node", "scripts/run.mjs", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def relative(ours, theirs):
    return abs(ours - theirs) / abs(theirs)


def compare_steps(train, run, trace, hyper, base_folder):
    """PEFT over the traced batches, beside Prelude's log and final adapter. Returns the worst relative differences."""
    accelerator = Accelerator(cpu=True)
    base = AutoModelForCausalLM.from_pretrained(base_folder, dtype="float32")
    model = train.load_adapter(base, trace / "initial", hyper)
    optimiser = train.make_optimiser(model, hyper)
    worst = {"loss": 0.0, "grad_norm": 0.0}
    for logged, traced in zip(lines(run / "log.jsonl"), lines(trace / "batches.jsonl"), strict=True):
        loss, norm = train.train_step(model, optimiser, traced["rows"], traced["step"], hyper, accelerator)
        worst["loss"] = max(worst["loss"], relative(logged["loss"], loss))
        worst["grad_norm"] = max(worst["grad_norm"], relative(logged["grad_norm"], norm))
    model.save_pretrained(run / "peft", save_embedding_layers=False)
    started, ours, theirs = (
        load_file(folder / "adapter_model.safetensors") for folder in (trace / "initial", run, run / "peft")
    )
    assert started.keys() == ours.keys() == theirs.keys()
    norm = lambda a, b: sum((a[name].double() - b[name].double()).square().sum() for name in a).sqrt().item()
    # Of what was learned, not of where it began.
    return {**worst, "learned": norm(ours, theirs) / norm(started, theirs)}


def continue_and_import(folder, base_folder, processes):
    """train.py as a person runs it; then Prelude's measure of its result beside its own."""
    # `accelerate launch` starts several processes on GPUs, or with MPI; torchrun does on one CPU.
    several = ["torch.distributed.run", f"--nproc_per_node={processes}"]
    launch = [sys.executable, "-m", *(["accelerate.commands.launch", "--cpu"] if processes == 1 else several)]
    out = folder / f"tuned-{processes}"
    options = ["--base-model", base_folder, "--steps", CONTINUED_STEPS, "--out", out]
    command = [*launch, folder / "train.py", *map(str, options)]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    assert f'"processes": {processes}' in done.stdout, done.stdout
    record = json.loads((out / "prelude.json").read_text("utf-8"))
    files = [out / name for name in ("adapter_config.json", "adapter_model.safetensors", "prelude.json")]
    imported = prelude("tools/peft-parity/import.ts", MODEL, DATA, *files)
    assert imported["accuracy"] == record["accuracy"], (imported, record)
    return {"imported": relative(imported["loss"], record["loss"]), "loss": record["loss"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=None, help="where the runs stay; default: nowhere")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("methods", nargs="*", default=[], help=f"some of: {', '.join(METHODS)}")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="prelude-parity-"))
    work.mkdir(parents=True, exist_ok=True)
    base_folder = work / "base"
    load_module(ROOT / "tools/peft/check.py").load_base(MODEL).save_pretrained(base_folder)

    failed = False
    print("| method | loss | gradient's norm | what was learned | loss of the import | on two processes |")
    print("| --- | --: | --: | --: | --: | --: |")
    for method in options.methods or METHODS:
        run = work / method.replace(" ", "-")
        trace = run / "trace"
        given = ["--model", MODEL, "--data", DATA, "--steps", options.steps, "--batch", options.batch, "--json"]
        prelude("src/cli/tune.ts", *given, *METHODS[method], "--out", run, "--trace", trace, "--gpus", run / "gpus.zip")
        ZipFile(run / "gpus.zip").extractall(run / "gpus")
        [folder] = (run / "gpus").iterdir()
        train = load_module(folder / "train.py")
        hyper = json.loads((folder / "hyperparameters.json").read_text("utf-8"))
        worst = compare_steps(train, run, trace, hyper, base_folder)
        one, two = (continue_and_import(folder, base_folder, processes) for processes in (1, 2))
        checked = [worst["loss"], worst["grad_norm"], one["imported"], relative(two["loss"], one["loss"])]
        failed |= any(figure > LIMIT for figure in checked)
        figures = [*checked[:2], worst["learned"], *checked[2:]]
        print(f"| {method} | {' | '.join(f'{figure:.1e}' for figure in figures)} |", flush=True)
    sys.exit(failed)


main()
