"""Benchmark files: every real row loads, hashes are checked, a user's own files work, and errors say where."""

import json
import shutil

import pytest

from math_eval.benchmarks import define, load_benchmark, load_split
from math_eval.benchmarks.rows import rows_hash
from math_eval.errors import DataError, FetchError, HashMismatchError, RequestError, UnknownNameError
from math_eval.graders.equivalence import grade
from math_eval.registry import names


def test_every_row_of_every_benchmark_loads(shared):
    rows = {}
    with (shared / "benchmarks" / "MANIFEST.jsonl").open(encoding="utf-8") as manifest:
        for line in manifest:
            entry = json.loads(line)
            split = "test" if entry["benchmark"] == "tabmwp" else entry["split"]
            rows[entry["benchmark"], split] = entry["rows"]
    loaded = {}
    for name in names("benchmarks"):
        definition = define(name)
        for split in definition.splits("all"):
            loaded[name, split] = len(load_split(definition, split, data_dir=shared / "benchmarks"))
    assert loaded.pop(("sampler", "test")) == 141
    assert loaded == rows


def test_a_changed_byte_is_refused(shared, tmp_path):
    folder = tmp_path / "aime24"
    folder.mkdir()
    content = bytearray((shared / "benchmarks/aime24/test.jsonl").read_bytes())
    content[100] ^= 1
    (folder / "test.jsonl").write_bytes(content)
    with pytest.raises(HashMismatchError) as caught:
        load_benchmark("aime24", data_dir=tmp_path)
    message = str(caught.value)
    assert str(folder / "test.jsonl") in message
    assert "af2b8bd2aa911b6333ad0df32f3ca05c7ae8ed10f1731f4372c8ae26990bf7ac" in message
    assert message.count("sha256 is ") == 1
    assert "\n" not in message


def test_the_reference_tree_is_a_data_folder(shared, tmp_path, monkeypatch):
    (tmp_path / "math_oai").mkdir()
    shutil.copy(shared / "benchmarks/math500/test.jsonl", tmp_path / "math_oai")
    (tmp_path / "gsm8k").mkdir()
    shutil.copy(shared / "benchmarks/gsm8k/test.jsonl", tmp_path / "gsm8k")
    monkeypatch.setenv("MATH_EVAL_DATA", str(tmp_path))
    assert len(load_benchmark("math500")) == 500
    assert load_benchmark("gsm8k").problems[0].gold == "18"


def test_tabmwp_is_the_same_from_both_layouts(shared, tmp_path):
    for name, folder in (("test.jsonl", "lines"), ("test1k.json", "dict")):
        target = tmp_path / folder / "tabmwp"
        target.mkdir(parents=True)
        renamed = "problems_test1k.json" if name == "test1k.json" else name
        shutil.copy(shared / "benchmarks/tabmwp" / name, target / renamed)
    lines = load_benchmark("tabmwp", data_dir=tmp_path / "lines")
    keyed = load_benchmark("tabmwp", data_dir=tmp_path / "dict")
    assert lines.problems == keyed.problems


def test_corrections_and_known_bad(shared):
    math = {problem.id: problem for problem in load_benchmark("math", data_dir=shared / "benchmarks")}
    assert math["414"].gold == "-2, 1"
    assert math["2716"].accepted == ("(10,0)",)
    assert math["414"].grader_fields["qwen"]["gold"].endswith("$\\boxed{1}$.")
    assert grade("(10,0)", gold=math["2716"].gold, accepted=math["2716"].accepted).correct
    carp = load_benchmark("carp_en", data_dir=shared / "benchmarks")
    assert [problem.id for problem in carp if problem.known_bad] == ["613", "614", "615"]
    assert (
        len(
            [
                problem
                for problem in math.values()
                if problem.gold != problem.grader_fields["qwen"]["gold"] and problem.accepted
            ]
        )
        == 4
    )


def test_options_of_choice_sets(shared):
    for name, total in (("aqua", 254), ("sat_math", 32), ("mmlu_stem", 3018), ("gaokao_math_qa", 351)):
        problems = load_benchmark(name, data_dir=shared / "benchmarks").problems
        assert len(problems) == total
        for problem in problems:
            letters = "ABCDE" if name == "aqua" else "ABCD"
            assert "".join(problem.options) == letters, (name, problem.id)
            assert all(problem.options.values()), (name, problem.id)
            assert set(problem.gold) <= set(letters)


def test_several_splits_are_named(shared):
    with pytest.raises(RequestError, match="en-easy, en-hard, zh-easy, zh-hard"):
        load_benchmark("olymmath", data_dir=shared / "benchmarks")
    assert len(load_benchmark("olymmath:zh-hard", data_dir=shared / "benchmarks")) == 100
    with pytest.raises(UnknownNameError, match="did you mean en-hard"):
        load_benchmark("olymmath:en-hrad", data_dir=shared / "benchmarks")


ROWS = [{"id": "a", "question": "1+1?", "answer": 2}, {"id": "b", "question": "1/2+1/2?", "answer": "1"}]


def write(path, rows=ROWS):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_bare_file_of_rows(tmp_path):
    jsonl = write(tmp_path / "mine.jsonl")
    (tmp_path / "mine.json").write_text(json.dumps(ROWS), encoding="utf-8")
    (tmp_path / "mine.csv").write_text("id,question,answer\na,1+1?,2\nb,1/2+1/2?,1\n", encoding="utf-8")
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{**row, "answer": str(row["answer"])} for row in ROWS]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "mine.parquet")
    expected = load_benchmark(str(jsonl)).problems
    assert [(problem.id, problem.gold) for problem in expected] == [("a", "2"), ("b", "1")]
    for ending in ("json", "csv", "parquet"):
        assert load_benchmark(str(tmp_path / f"mine.{ending}")).problems == expected


YAML = """\
schema: 1
title: Mine
splits:
  test:
    sources: [{file: mine.jsonl}]
question: "{{ question }}"
gold: "{{ answer }}"
"""


@pytest.mark.parametrize("as_folder", [False, True])
def test_a_users_yaml(tmp_path, as_folder):
    write(tmp_path / "mine.jsonl")
    path = tmp_path / "mine.yaml"
    path.write_text(YAML + 'id: "{{ id }}"\nanswer: number\n', encoding="utf-8")
    loaded = load_benchmark(str(tmp_path if as_folder else path))
    assert (loaded.name, len(loaded), loaded.problems[1].kind) == ("mine", 2, "number")


BAD_YAML = [
    ("schema: 2", "schema: 1", "schema 2 is newer"),
    ("titel: Mine", "title: Mine", "unknown key 'titel'; did you mean title?"),
    ("title: [", "title: Mine", "bad YAML"),
    ("title: &a x\nnote: *a", "title: Mine", "aliases"),
    ("sources: [{file: ../mine.jsonl}]", "sources: [{file: mine.jsonl}]", "below the folder of the YAML file"),
    ("sources: [{file: /etc/passwd}]", "sources: [{file: mine.jsonl}]", "below the folder of the YAML file"),
    ("sources: [{url: 'http://x.org/a', sha256: ''}]", "sources: [{file: mine.jsonl}]", "sha256 must be 64"),
    ("sources: [{hub: a/b}]", "sources: [{file: mine.jsonl}]", "needs a revision and a rows_sha256"),
    ("sources: []", "sources: [{file: mine.jsonl}]", "at least one source"),
    (
        'gold: "{{ anwser }}"',
        'gold: "{{ answer }}"',
        "row 1: gold: no field 'anwser'; the row has: id, question, answer",
    ),
    ('gold: "{{ answer"', 'gold: "{{ answer }}"', "bad template"),
    ('gold: "{{ 10 ** 10 ** 10 }}"', 'gold: "{{ answer }}"', "works only on numbers"),
    ("gold: \"{{ ''.__class__ }}\"", 'gold: "{{ answer }}"', "row 1: gold"),
    ('gold: ""', 'gold: "{{ answer }}"', "row 1: the gold is empty"),
    ("answer: numbre\ngold: x", "gold: x", "answer is 'numbre'"),
    ("corrections: {zz: {gold: '1', reason: x}}\ngold: x", "gold: x", "corrections names 'zz'"),
    ("groups: [level]\ngold: x", "gold: x", "groups names 'level'"),
    ('id: "same"\ngold: x', "gold: x", "row 2: id 'same' is also that of row 1"),
]


@pytest.mark.parametrize(("bad", "good", "reason"), BAD_YAML, ids=[row[2] for row in BAD_YAML])
def test_a_bad_yaml_is_explained(tmp_path, bad, good, reason):
    write(tmp_path / "mine.jsonl")
    text = YAML.replace(good, bad) if good in YAML else YAML.replace('gold: "{{ answer }}"', bad)
    assert text != YAML
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_benchmark(str(path))
    message = str(caught.value)
    assert reason in message
    assert "\n" not in message
    assert str(tmp_path) in message or reason in {"corrections names 'zz'", "bad template"}


BAD_ROWS = [
    ("", "no rows"),
    ("not json\n", "line 1: not JSON"),
    ("[1, 2]\n", "row 1: expected an object"),
    ('{"q": "x", "answer": 1}\n', "no question column; it has q, answer"),
    ('{"question": "x"}\n', "no gold column"),
    ('{"question": "x", "answer": 1}\n{"question": "y"}\n', "row 2: gold: no field 'answer'"),
    ('{"question": "", "answer": 1}\n', "row 1: the question is empty"),
]


@pytest.mark.parametrize(("content", "reason"), BAD_ROWS, ids=[row[1] for row in BAD_ROWS])
def test_a_bad_file_names_its_row(tmp_path, content, reason):
    path = tmp_path / "mine.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_benchmark(str(path))
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'question,answer\n1+1?,2\n"2+2?,4\n3+3?,6\n',
            "row 2 (line 3): bad CSV: unexpected end of data; a quote that opens there may not be closed",
        ),
        (
            'question,answer\n"two\nlines",2\n"2+2?,4\n"3+3?",6\n',
            "row 2 (line 4): bad CSV: ',' expected after '\"'; a quote that opens there may not be closed",
        ),
        ('question,answer\n"1"+1?,2\n', "row 1 (line 2): bad CSV: ',' expected after '\"'"),
        (
            '"question,answer\n',
            "header (line 1): bad CSV: unexpected end of data; a quote that opens there may not be closed",
        ),
        (
            "question,answer\n1+1?,2\n\n1,2,3\n",
            "row 2 (line 4): its columns are not those of the header: 3 in place of 2",
        ),
        (
            "question;answer\n1,5+1?;2,5\n",
            "its header, 'question;answer', is separated by semicolons; a CSV file needs commas: save it with commas",
        ),
        ("question\tanswer\n1+1?\t2\n", "is separated by tabs; a CSV file needs commas"),
        ("question,answer\n", "the file has no rows"),
    ],
)
def test_a_csv_file_that_cannot_be_read_names_the_line_and_what_to_do(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        load_benchmark(str(path))
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)
    assert "may not be closed" in message or "may not be closed" not in str(refused.value)


def test_a_csv_file_may_have_empty_lines_and_quoted_semicolons(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('\ufeffquestion,answer\n\n"1;1?",2\n"two\n""lines""",3\n\n', encoding="utf-8")
    assert [(row.question, row.gold) for row in load_benchmark(str(path))] == [("1;1?", "2"), ('two\n"lines"', "3")]


def test_a_csv_file_of_another_encoding_says_so(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes("question,answer\nWas ist 1+1, größer?,2\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"mine\.csv: bad CSV: not UTF-8: "):
        load_benchmark(str(path))


def test_a_folder_of_the_same_name_does_not_hide_a_benchmark(tmp_path, monkeypatch):
    (tmp_path / "sampler").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(load_benchmark("sampler")) == 141


def test_names_never_become_other_paths():
    with pytest.raises(UnknownNameError, match="did you mean gsm8k"):
        define("gsm8")
    with pytest.raises(RequestError, match="is not a name"):
        define("a..b")
    with pytest.raises(DataError, match="no such file"):
        define("../../etc/passwd.yaml")


def test_a_hub_source_is_checked_by_its_rows(tmp_path):
    datasets = pytest.importorskip("datasets")
    source = tmp_path / "hubset"
    source.mkdir()
    rows = [{"question": row["question"], "answer": str(row["answer"])} for row in ROWS]
    write(source / "test.jsonl", rows)
    datasets.disable_progress_bars()
    yaml = YAML.replace("{file: mine.jsonl}", f"{{hub: '{source}', revision: main, rows_sha256: {rows_hash(rows)}}}")
    path = tmp_path / "mine.yaml"
    path.write_text(yaml, encoding="utf-8")
    assert [problem.gold for problem in load_benchmark(str(path))] == ["2", "1"]
    path.write_text(yaml.replace(rows_hash(rows), "a" * 64), encoding="utf-8")
    with pytest.raises(DataError, match="rows hash to"):
        load_benchmark(str(path))


def test_missing_data_is_a_fetch_error(tmp_path, monkeypatch):
    monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MATH_EVAL_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(FetchError, match="not in the mirror"):
        load_benchmark("aime24")
