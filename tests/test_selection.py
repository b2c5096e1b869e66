"""Which problems a run covers: ids, ranges, random and representative parts, conditions on groups."""

import json

import pytest

from math_eval import evaluate
from math_eval.benchmarks import Selection, covered_groups, parse_conditions, parse_limit
from math_eval.engines.scripted import ScriptedEngine
from math_eval.errors import RequestError, RunConflictError
from math_eval.evaluation import evaluate as evaluate_request
from math_eval.generate import RunRequest
from math_eval.records import Problem
from math_eval.results.run_samples import problems_of
from math_eval.runfolder.layout import read_run
from math_eval.runfolder.store import RunStore

KINDS = ["algebra"] * 6 + ["geometry"] * 3 + ["number theory"]
PROBLEMS = [
    Problem("b", "test", f"p{n}", f"{n}?", str(n), groups={"type": kind, "level": str(n % 5 + 1)})
    for n, kind in enumerate(KINDS)
]


def ids(problems):
    return [problem.id for problem in problems]


def test_everything_is_chosen_in_the_order_of_the_rows_by_default():
    assert Selection().apply(PROBLEMS, "b") == PROBLEMS


def test_conditions_ids_and_a_start_choose_problems():
    assert ids(Selection(where={"type": "Geometry"}).apply(PROBLEMS, "b")) == ["p6", "p7", "p8"]
    assert ids(Selection(where={"type": "algebra", "level": "1"}).apply(PROBLEMS, "b")) == ["p0", "p5"]
    assert ids(Selection(ids=["p7", "p2", "p7"]).apply(PROBLEMS, "b")) == ["p7", "p2"]
    assert ids(Selection(start=8).apply(PROBLEMS, "b")) == ["p8", "p9"]


def test_a_shuffle_depends_on_its_seed_alone_and_not_on_the_other_problems():
    one, again, other = (ids(Selection(shuffle=seed).apply(PROBLEMS, "b")) for seed in (1, 1, 2))
    assert one == again != other
    assert sorted(one) == sorted(other) == ids(PROBLEMS)
    assert one != ids(PROBLEMS)
    fewer = ids(Selection(shuffle=1).apply(PROBLEMS[:6], "b"))
    assert fewer == [identity for identity in one if identity in fewer]


def test_a_spread_has_the_groups_in_proportion_at_every_limit():
    order = Selection(spread=True).apply(PROBLEMS, "b")
    by_kind = Selection(spread=True).apply(
        [Problem("b", "test", f"p{n}", "?", "1", groups={"type": kind}) for n, kind in enumerate(KINDS * 10)], "b"
    )
    counts = [sum(problem.groups["type"] == kind for problem in by_kind[:20]) for kind in dict.fromkeys(KINDS)]
    assert counts == [12, 6, 2]
    assert sorted(ids(order)) == ids(PROBLEMS)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(ids=["q"]), "b has no problem 'q'; its ids are p0, p1"),
        (Selection(where={"topic": "x"}), "b[topic=x]: expected one of its columns: level, type"),
        (Selection(where={"level": "9"}), "b[level=9]: expected one of 1, 2, 3, 4, 5"),
        (Selection(start=10), "b: --limit 10:… begins behind its 10 chosen problems"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(selection, message):
    with pytest.raises(RequestError) as refused:
        selection.apply(PROBLEMS, "b")
    assert str(refused.value).startswith(message)


def test_a_spread_over_no_groups_is_refused():
    with pytest.raises(RequestError, match="--spread has no effect: b has no groups"):
        Selection(spread=True).apply([Problem("b", "test", "1", "?", "1"), Problem("b", "test", "2", "?", "1")], "b")


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ("math", "math", {}),
        ("math:test", "math:test", {}),
        ("math[level=5]", "math", {"level": "5"}),
        ("math[level=5, type=Number Theory]", "math", {"level": "5", "type": "Number Theory"}),
        ("math[level=5]:test", "math:test", {"level": "5"}),
        ("math:test[level=5]", "math:test", {"level": "5"}),
        ("rows.jsonl[level=5]", "rows.jsonl", {"level": "5"}),
    ],
)
def test_conditions_are_read(text, name, where):
    assert parse_conditions(text) == (name, where)


@pytest.mark.parametrize("text", ["math[level]", "math[=5]", "math[level=]", "math[]", "math[level=1,level=2]"])
def test_wrong_conditions_are_refused(text):
    with pytest.raises(RequestError, match=r"expected conditions such as \[level=5\]"):
        parse_conditions(text)


@pytest.mark.parametrize(
    ("limit", "parts"),
    [(None, (0, None)), (5, (0, 5)), ("5", (0, 5)), ("2:5", (2, 3)), (":5", (0, 5)), ("2:", (2, None))],
)
def test_limits_are_read(limit, parts):
    assert parse_limit(limit) == parts


@pytest.mark.parametrize("limit", [0, -1, "0", "x", "5:5", "5:2", "-1:3", ":", "0:", "1:2:3", "1.5"])
def test_wrong_limits_are_refused(limit):
    with pytest.raises(RequestError, match=f"--limit {limit}: expected N, 1 or more, or A:B"):
        parse_limit(limit)


def test_groups_that_a_plain_limit_leaves_out_are_counted():
    assert covered_groups(PROBLEMS, PROBLEMS[:6]) == ("type", 1, 3)
    assert covered_groups(PROBLEMS, PROBLEMS) is None
    assert covered_groups(PROBLEMS, [PROBLEMS[0], PROBLEMS[6], PROBLEMS[9]]) is None
    assert covered_groups([], []) is None


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "sums.yaml"
    (tmp_path / "sums.jsonl").write_text(
        "".join(json.dumps({"q": p.question, "a": p.gold, **p.groups}) + "\n" for p in PROBLEMS), encoding="utf-8"
    )
    path.write_text(
        "schema: 1\ntitle: Sums\nlanguage: en\nlicense: MIT\nid: 'p{{ q[:-1] }}'\n"
        "splits: {test: {rows: 10, sources: [{file: sums.jsonl}]}}\n"
        "question: '{{ q }}'\ngold: '{{ a }}'\nanswer: number\ngroups: [type, level]\n",
        encoding="utf-8",
    )
    return path


def run(rows, output, **options):
    engine = ScriptedEngine(lambda prompt, _: f"\\boxed{{{prompt.question.rstrip('?')}}}")
    lines = []
    benchmark = options.pop("benchmark", str(rows))
    request = RunRequest("m", (benchmark,), prompt="direct", engine="scripted", output=output, **options)
    finished = evaluate_request(request, engine=engine, warn=lines.append)
    return finished, [prompt.problem for prompt in _prompts(output)], lines


def _prompts(folder):
    return list(RunStore(folder).prompts())


def test_a_run_covers_the_chosen_problems_and_scores_them_again_without_the_data(rows, tmp_path):
    finished, made, warned = run(rows, tmp_path / "run", limit=4, spread=True)
    assert len(made) == 4
    assert warned == []
    [benchmark] = finished.info.benchmarks
    assert (benchmark.selection, benchmark.sets["greedy"].problems) == (Selection(spread=True), 4)
    assert finished.metrics.benchmarks[0].problems == 4
    again = problems_of(read_run(tmp_path / "run"), RunStore(tmp_path / "run"))
    [problems] = again.values()
    assert ids(problems) == made
    rows.with_suffix(".jsonl").unlink()
    [problems] = problems_of(read_run(tmp_path / "run"), RunStore(tmp_path / "run")).values()
    assert ids(problems) == made


def test_a_larger_limit_extends_a_random_part_and_another_choice_is_refused(rows, tmp_path):
    _, first, _ = run(rows, tmp_path / "run", limit=3, shuffle=7)
    finished, more, _ = run(rows, tmp_path / "run", limit=6, shuffle=7)
    assert more[:3] == first
    assert (finished.made, finished.metrics.benchmarks[0].problems) == (3, 6)
    with pytest.raises(RunConflictError, match="selection"):
        run(rows, tmp_path / "run", limit=6, shuffle=8)


def test_a_plain_limit_over_grouped_rows_says_so(rows, tmp_path):
    _, made, warned = run(rows, tmp_path / "run", limit=6)
    assert made == ids(PROBLEMS[:6])
    [line] = warned
    assert line.startswith("--limit 6 of sums: these problems have 1 of the 3 values of type; --spread")


def test_conditions_in_the_name_choose_a_group(rows, tmp_path):
    _, made, _ = run(rows, tmp_path / "run", benchmark=f"{rows}[type=geometry]")
    assert made == ["p6", "p7", "p8"]


def test_a_range_and_ids_from_python(rows, tmp_path):
    assert run(rows, tmp_path / "a", limit="8:10")[1] == ["p8", "p9"]
    assert run(rows, tmp_path / "b", problems=("p9", "p1"))[1] == ["p9", "p1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shuffle": 1}, "--shuffle has no effect without --limit"),
        ({"spread": True}, "--spread has no effect without --limit"),
        ({"spread": True, "shuffle": 1, "limit": 2}, "--spread excludes --shuffle"),
    ],
)
def test_an_order_without_a_limit_is_refused(rows, options, message):
    with pytest.raises(RequestError) as refused:
        evaluate("m", str(rows), **options)
    assert str(refused.value) == message
