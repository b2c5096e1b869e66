"""Computes metrics from graded samples, of run folders and of files of other harnesses."""

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
    """Grades the ungraded samples of a run, computes its metrics, and writes them into the run folder.

    The metrics are written to metrics.json, or to metrics.GRADER.json for a grader other than `equivalence`.

    Args:
        folder: The run folder.
        options: How samples become figures.
        data_dir: A folder with benchmark files that you already have.
        grader: The name of a grader; by default the run's.
        reward_model: The model whose rewards rm@k uses. Needed if the run has the rewards of several.
        aggregation: How the step scores of a process model become one number.

    Returns:
        The contents of run.json, and the metrics (shares are fractions from 0 to 1).

    Raises:
        RequestError: A k is larger than every set; the message says how many samples are needed.
        DataError: The folder is not a run folder, or a file in it is damaged.
        RunConflictError: Another process is writing the run.
    """
    folder = Path(folder)
    info = read_run(folder)
    largest = max((extent.samples for benchmark in info.benchmarks for extent in benchmark.sets.values()), default=0)
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
    """Computes the metrics of a run whose folder the caller has locked, as `score_run` does.

    Args:
        info: The contents of run.json.
        store: The run folder; it is closed afterwards.
        problems: The problems of each benchmark split.
        options: How samples become figures.
        grader: The name of the grader.
        rewards: The rewards that rm@k uses.
    """
    samples = RunSamples(store, info, problems, load_grader(grader), rewards)
    try:
        samples.complete()
    finally:
        store.close()
    return write_metrics(store.folder, samples, options)


def write_metrics(folder: Path, samples: RunSamples, options: ScoreOptions = DEFAULT_OPTIONS) -> Metrics:
    """Computes the metrics of graded samples and writes them into their run folder.

    Args:
        folder: The run folder.
        samples: The samples, after `complete`.
        options: How samples become figures. The rewards of a process model are probabilities, so `weigh` is always
            "as-is" for them.

    Raises:
        StorageError: The metrics cannot be written.
    """
    rewards = samples.rewards
    if rewards is not None and rewards.kind == "process":
        options = msgspec.structs.replace(options, weigh="as-is")
    scores = scores_by_place(samples)
    results = list(_set_results(samples.info, samples.problems, scores, options))
    name = samples.grader.name
    metrics = Metrics(FORMAT, name, options, rewards.source if rewards else "", results, averages(results))
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
                set_scores = scores.get((*place, name), {})
                yield score_set(rows, set_scores, set_name=name, samples=extent.samples, options=options)


def score_files(
    files: Sequence[Path],
    options: ScoreOptions = DEFAULT_OPTIONS,
    grader: str = DEFAULT_GRADER,
    benchmark: FileBenchmark | None = None,
    row_format: str | None = None,
) -> Metrics:
    """Computes the metrics of files of responses that other harnesses wrote; each row of a file is one problem.

    Args:
        files: The files; each gives one set result.
        options: How samples become figures.
        grader: The name of the grader.
        benchmark: What is known about the benchmark of the rows.
        row_format: As for `file_samples`.

    Raises:
        RequestError: A k is larger than the number of responses in every row.
        DataError: As for `file_samples`.
    """
    grader_object: Grader = load_grader(grader)
    graded = (file_samples(path, grader_object, benchmark, row_format=row_format) for path in files)
    results = [score_file(file, options) for file in graded]
    return Metrics(FORMAT, grader_object.name, options, "", results, averages(results))


def score_file(file: GradedFile, options: ScoreOptions = DEFAULT_OPTIONS) -> SetResult:
    """Computes the figures of one graded file.

    Raises:
        RequestError: A k is larger than the number of responses in every row.
    """
    [scores] = scores_by_place(file.samples).values()
    largest = max(map(len, scores.values()))
    check_ks(options.ks, largest, str(file.path))
    problems = list({sample.key.problem: sample.problem for sample in file.samples}.values())
    return score_set(problems, scores, set_name=STORED_SET, samples=largest, options=options)
