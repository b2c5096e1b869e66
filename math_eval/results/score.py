"""From graded samples to metrics: of a run folder, or of files that other harnesses wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from math_eval.files import file_name
from math_eval.graders import DEFAULT_GRADER, Grader, load_grader
from math_eval.results.file_samples import STORED_SET, FileBenchmark, GradedFile, file_samples
from math_eval.results.graded import Place, scores_by_place
from math_eval.results.run_samples import Problems, RunSamples, run_samples
from math_eval.rewards import Aggregation
from math_eval.runfolder.layout import FORMAT, RunInfo, read_run, write_json
from math_eval.runfolder.reward_layout import SampleRewards, sample_rewards
from math_eval.runfolder.store import RunStore
from math_eval.scoring import Metrics, SampleScore, ScoreOptions, SetResult, averages, check_ks, score_set
from math_eval.scoring.figures import DEFAULT_OPTIONS


def score_run(
    folder: Path,
    options: ScoreOptions = DEFAULT_OPTIONS,
    data_dir: Path | None = None,
    grader: str | None = None,
    reward_model: str | None = None,
    aggregation: Aggregation = "last",
) -> tuple[RunInfo, Metrics]:
    """Grades what is not graded, computes the metrics, writes metrics.json, and returns them with run.json.

    Args:
        folder: A run folder.
        options: How samples become figures.
        data_dir: A folder of benchmark files that are already there.
        grader: By default the run's own; another than equivalence writes metrics.GRADER.json.
        reward_model: Whose rewards rm@k takes, needed where a run has those of several.
        aggregation: How a process model's step scores become one.

    Raises:
        RequestError: A k is larger than every set; the text names the samples needed.
        DataError: The folder is no run, or damaged.
    """
    folder = Path(folder)
    info = read_run(folder)
    largest = max((extent.samples for one in info.benchmarks for extent in one.sets.values()), default=0)
    check_ks(options.ks, largest, str(folder))
    rewards = sample_rewards(folder, reward_model, aggregation)
    samples = run_samples(folder, load_grader(grader or info.grader), data_dir, rewards)
    return info, write_metrics(folder, samples, options)


def score_store(
    info: RunInfo,
    store: RunStore,
    problems: Problems,
    options: ScoreOptions = DEFAULT_OPTIONS,
    grader: str = DEFAULT_GRADER,
    rewards: SampleRewards | None = None,
) -> Metrics:
    """Completes the verdicts of a run whose folder is locked, and writes and returns its metrics."""
    samples = RunSamples(store, info, problems, load_grader(grader), rewards)
    try:
        samples.complete()
    finally:
        store.close()
    return write_metrics(store.folder, samples, options)


def write_metrics(folder: Path, samples: RunSamples, options: ScoreOptions = DEFAULT_OPTIONS) -> Metrics:
    """The metrics of a run's samples, written into its folder."""
    rewards = samples.rewards
    if rewards is not None and rewards.kind == "process":
        options = msgspec.structs.replace(options, weigh="as-is")
    scores = scores_by_place(samples)
    results = list(_set_results(samples.info, samples.problems, scores, options))
    name = samples.grader.name
    metrics = Metrics(FORMAT, name, options, rewards.said if rewards else "", results, averages(results))
    write_json(folder / ("metrics.json" if name == DEFAULT_GRADER else f"metrics.{file_name(name)}.json"), metrics)
    return metrics


def _set_results(
    info: RunInfo,
    problems: Problems,
    scores: Mapping[Place, Mapping[str, Sequence[SampleScore]]],
    options: ScoreOptions,
) -> Iterable[SetResult]:
    for benchmark in info.benchmarks:
        place = (benchmark.benchmark, benchmark.split)
        for name, extent in benchmark.sets.items():
            rows = problems[place][: extent.problems]
            if rows:
                made = scores.get((*place, name), {})
                yield score_set(rows, made, set_name=name, samples=extent.samples, options=options)


def score_files(
    files: Sequence[Path],
    options: ScoreOptions = DEFAULT_OPTIONS,
    grader: str = DEFAULT_GRADER,
    benchmark: FileBenchmark | None = None,
    row_format: str | None = None,
) -> Metrics:
    """The metrics of each file of stored responses, a row of it being a problem; row_format: as for file_samples."""
    graded_by: Grader = load_grader(grader)
    results = [score_file(file_samples(path, graded_by, benchmark, row_format=row_format), options) for path in files]
    return Metrics(FORMAT, graded_by.name, options, "", results, averages(results))


def score_file(file: GradedFile, options: ScoreOptions = DEFAULT_OPTIONS) -> SetResult:
    """The figures of one graded file."""
    [scores] = scores_by_place(file.samples).values()
    largest = max(map(len, scores.values()))
    check_ks(options.ks, largest, str(file.path))
    problems = list({sample.key.problem: sample.problem for sample in file.samples}.values())
    return score_set(problems, scores, set_name=STORED_SET, samples=largest, options=options)
