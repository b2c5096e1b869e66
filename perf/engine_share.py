"""What the harness adds to a real engine: a run's wall time over the bare engine's, given the same prompts at once.

python perf/engine_share.py MODEL_FOLDER GSM8K_JSONL [--prompts 64 --samples 2 --max-tokens 32 --rounds 5]

vLLM is loaded once; bare and harness rounds alternate, and the median of the rounds' ratios is printed. Grading and
writing are part of the harness's time. GSM8K_JSONL: the benchmark's file, as DATA/gsm8k/test.jsonl.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from math_eval.benchmarks import load_benchmark
from math_eval.engines import EngineSettings
from math_eval.engines.vllm import VllmEngine
from math_eval.generate.encoded import EncodedPrompts
from math_eval.generate.pipeline import Pipeline
from math_eval.generate.plan import make_plan
from math_eval.generate.request import RunRequest
from math_eval.graders import load_grader
from math_eval.models import Tokenizer
from math_eval.prompts import load_template
from math_eval.records import Completion, Prompt, Sampling
from math_eval.results.run_samples import RunSamples
from math_eval.runfolder.store import RunStore


class Kept:
    """An engine that a pipeline cannot close."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.concurrency: int = inner.concurrency

    async def complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        """The engine's own."""
        made: Completion = await self._inner.complete(prompt, sampling)
        return made

    async def close(self) -> None:
        """Left to whoever made it."""


class Quiet:
    """A watcher that says nothing."""

    def sample(self, completion: Completion, verdict: object) -> None:
        """Nothing."""


async def bare(engine: Any, prompts: list[Prompt], sampling: Sampling) -> float:
    """Seconds of all prompts given at once."""
    started = time.perf_counter()
    await asyncio.gather(*(engine.complete(prompt, sampling) for prompt in prompts))
    return time.perf_counter() - started


async def harness(engine: Any, folder: Path, given: argparse.Namespace, tokenizer: Tokenizer) -> float:
    """Seconds of the same prompts through the pipeline, graded and written."""
    with tempfile.TemporaryDirectory() as place:
        request = RunRequest(
            str(folder),
            ("gsm8k",),
            engine="scripted",
            prompt="cot",
            greedy=False,
            samples=given.samples,
            temperature=1.0,
            top_p=1.0,
            max_tokens=given.max_tokens,
            limit=given.prompts,
            data_dir=given.data.parent.parent,
            output=Path(place) / "run",
        )
        plan = make_plan(request, warn=lambda _: None)
        store = RunStore(plan.folder)
        problems = {("gsm8k", "test"): list(plan.tasks[0].problems)}
        RunSamples(store, plan.info, problems, load_grader(plan.info.grader)).complete()
        started = time.perf_counter()
        await Pipeline(plan, store, Kept(engine), EncodedPrompts(lambda: tokenizer), Quiet()).run()
        store.close()
        return time.perf_counter() - started


async def measure(given: argparse.Namespace) -> None:
    """Alternates the two and prints every round."""
    tokenizer = Tokenizer(given.model)
    problems = list(load_benchmark("gsm8k", data_dir=given.data.parent.parent))[: given.prompts]
    template = load_template("cot")
    prompts = []
    for problem in problems:
        prompt = template.build(problem, None, key="")
        ids = tokenizer.encode(prompt)
        prompts += [Prompt(prompt.text, stop=prompt.stop, token_ids=ids)] * given.samples
    sampling = Sampling(temperature=1.0, max_tokens=given.max_tokens)
    engine = VllmEngine(given.model, EngineSettings(seed=0))
    try:
        await bare(engine, prompts, sampling)  # warms the engine
        ratios = []
        for _ in range(given.rounds):
            alone = await bare(engine, prompts, sampling)
            whole = await harness(engine, given.model, given, tokenizer)
            ratios.append(whole / alone)
            print(f"bare {alone:.2f} s, harness {whole:.2f} s, ratio {whole / alone:.3f}")
        print(f"median ratio over {given.rounds} rounds: {statistics.median(ratios):.3f}")
    finally:
        await engine.close()


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
