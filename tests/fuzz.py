"""A coverage-guided fuzzer of parser, verdicts, vote keys and extraction (needs atheris; Linux).

    python tests/fuzz.py [--minutes 30] [--seed 1] [--failures FILE] [--corpus FOLDER]

Inputs are an answer and a gold: those of tests/cases, changed byte by byte, or expressions of tests/grammar.py whose
choices are the bytes. Inputs that reach new branches of the package are kept and changed further. A slow or large one
counts only where a process of its own, without instrumentation, finds it so again. Prints counts; each failure is a
line of FILE.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "tests" / "cases"
SECONDS = 0.5
MEGABYTES = 200
TRIES = 3
"""A suspect is measured so often; its best time counts, since a busy neighbour slows CPU time too."""
_GRAMMAR = 0xFF
"""First byte, never one of UTF-8, of an input whose bytes are the choices of the grammar."""
_SEPARATOR = b"\0"
_MAX_BYTES = 4000
_HANG_S = 60
_SEEDS_A_MINUTE = 300
"""All are tried before the clock is looked at."""


def calls(answer: str, gold: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is tried with a pair of texts, by name. Importing stands here: the fuzzer instruments what is imported."""
    from latex2sympy import MathTextError, parse
    from math_eval.answers import extract_answer
    from math_eval.graders.equivalence import answer_key, grade

    def parsed() -> None:
        with contextlib.suppress(MathTextError):
            parse(answer)

    def itself() -> None:
        if answer.strip() and not grade(answer, gold=answer).correct:
            raise AssertionError("not graded as itself")

    yield "parse", parsed
    yield "grade", lambda: grade(answer, gold=gold)
    yield "grade with the sides changed", lambda: grade(gold, gold=answer)
    yield "grade as a choice", lambda: grade(answer, gold="A", kind="choice", options={"A": gold, "B": "2"})
    yield "grade with itself", itself
    yield "vote key", lambda: answer_key(answer)
    yield "extraction", lambda: extract_answer(answer)
    yield "extraction of a choice", lambda: extract_answer(answer, "choice")
    yield "extraction from a box", lambda: extract_answer(f"{gold} so \\boxed{{{answer}}} or {answer}", "number")


def sympy_calls(answer: str, gold: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """The same for SymPy objects, which take most of the time."""
    from latex2sympy import MathTextError, latex2sympy

    def made(text: str) -> None:
        with contextlib.suppress(MathTextError):
            latex2sympy(text)

    yield "SymPy object", lambda: made(answer)
    yield "SymPy object of the gold", lambda: made(gold)


def faults(answer: str, gold: str) -> list[str]:
    """What is wrong with a pair: exceptions, calls over SECONDS of CPU, memory beyond MEGABYTES."""
    found = []
    for name, call in (*calls(answer, gold), *sympy_calls(answer, gold)):
        before, began = _peak(), time.thread_time()
        try:
            call()
        except Exception as error:  # noqa: BLE001  every one is a fault
            found.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
        spent, grown = time.thread_time() - began, _peak() - before
        if spent > SECONDS:
            found.append(f"{name}: {spent:.2f} s of CPU")
        if grown > MEGABYTES:
            found.append(f"{name}: {grown:.0f} MB")
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def decoded(data: bytes) -> tuple[str, str]:
    """The pair of texts that an input stands for."""
    if data[:1] == bytes([_GRAMMAR]):
        from grammar import text

        choices = iter(data[1:])
        return text(lambda count: _drawn(choices, count)), text(lambda count: _drawn(choices, count))
    answer, _, gold = data.decode("utf-8", "replace").partition(_SEPARATOR.decode())
    return answer, gold or "x+1"


def _drawn(choices: Iterator[int], count: int) -> int:
    """A number below count out of the next bytes; 0 when there are none left, so that every text ends."""
    value = next(choices, 0)
    if count > 256:
        value = value * 256 + next(choices, 0)
    return value % count


def seeds(folder: Path, seed: int, most: int) -> None:
    """The first inputs, one a file: pairs and texts of the case tables, and random choices for the grammar."""
    import random

    lines = [json.loads(line) for path in sorted(CASES.glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    texts = {
        text.encode("utf-8", "surrogatepass") + _SEPARATOR + str(row.get("gold", "")).encode("utf-8", "surrogatepass")
        for row in lines
        for key in ("answer", "pred", "text", "response")
        if isinstance(text := row.get(key), str)
    }
    chance = random.Random(seed)
    grown = {bytes([_GRAMMAR]) + chance.randbytes(chance.randrange(8, 200)) for _ in range(500)}
    inputs = [data for data in sorted(texts | grown) if len(data) <= _MAX_BYTES]
    for at, data in enumerate(chance.sample(inputs, min(most, len(inputs)))):
        (folder / f"seed{at:05}").write_bytes(data)


def dictionary(path: Path) -> None:
    """Pieces that the fuzzer puts into texts."""
    from grammar import NAMES, NUMBERS, ONE, TEARS, THREE, TWO

    forms = [form.replace("{}", "").replace("{{", "{").replace("}}", "}") for form in (*ONE, *TWO, *THREE)]
    pieces = {piece for piece in (*NUMBERS, *NAMES, *TEARS, *forms) if piece}
    escaped = ("".join(f"\\x{byte:02x}" for byte in one.encode("utf-8", "surrogatepass")) for one in sorted(pieces))
    path.write_text("".join(f'"{one}"\n' for one in escaped), encoding="ascii")


def fuzz(folder: Path, seconds: int, seed: int) -> None:
    """Fuzzes in this process, which libFuzzer ends; pairs that may be faulty become lines of `suspects`."""
    import atheris

    with atheris.instrument_imports(include=["latex2sympy", "math_eval"]):
        list(calls("1", "1"))
    faults("x+1", "\\sin 1")  # what is loaded or made ready once is no text's cost
    suspects = (folder / "suspects").open("a", encoding="ascii")

    def one(data: bytes) -> None:
        pair = decoded(data)
        if found := faults(*pair):
            print(json.dumps({"pair": pair, "faults": found}), file=suspects, flush=True)

    arguments = [f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={_MAX_BYTES}", f"-timeout={_HANG_S}"]
    arguments += ["-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={folder}/broken-"]
    arguments += ["-close_fd_mask=1", f"-dict={folder / 'dictionary'}", str(folder / "corpus")]
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def confirmed(folder: Path, pair: tuple[str, str]) -> list[str]:
    """The faults of a pair that a process of its own finds each time."""
    path = folder / "pair"
    path.write_text(json.dumps(pair), encoding="ascii")
    command = [sys.executable, __file__, "--check", str(path)]
    found: list[str] = []
    for _ in range(TRIES):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * _HANG_S)
            found = json.loads(done.stdout) if done.returncode == 0 else [f"ended with {done.returncode}"]
        except subprocess.TimeoutExpired:
            return [f"over {2 * _HANG_S} s"]
        if not found:
            break
    return found


def rounds(folder: Path, minutes: float, seed: int) -> tuple[int, int, list[tuple[str, str]]]:
    """Runs the fuzzer, again where an input broke it, until the time is over: texts, branches, suspects."""
    until = time.monotonic() + 60 * minutes
    texts = branches = 0
    while (left := int(until - time.monotonic())) > 0:
        command = [sys.executable, __file__, "--within", str(folder), "--seconds", str(left), "--seed", str(seed)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        log = done.stderr.decode(errors="replace")
        units = re.findall(r"number_of_executed_units:\s+(\d+)|^#(\d+)", log, re.MULTILINE)
        if not units:
            raise SystemExit(f"the fuzzer did not start:\n{log[-3000:]}")
        texts += int(units[-1][0] or units[-1][1])
        branches = max([branches, *map(int, re.findall(r"cov: (\d+)", log))])
        seed += 1
    lines = (folder / "suspects").read_text(encoding="ascii").splitlines()
    suspects = [tuple(json.loads(line)["pair"]) for line in lines]
    return texts, branches, suspects + [decoded(path.read_bytes()) for path in sorted(folder.glob("broken-*"))]


def main() -> int:
    """The command line: 1 where a failure was found."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--failures", type=Path)
    options.add_argument("--corpus", type=Path, help="kept and used again; seeded where it is empty")
    for name, kind in (("--within", Path), ("--seconds", int), ("--check", Path)):
        options.add_argument(name, type=kind, help=argparse.SUPPRESS)  # how it starts itself
    chosen = options.parse_args()
    sys.path.insert(0, str(ROOT))
    if chosen.within:
        fuzz(chosen.within, chosen.seconds, chosen.seed)
    if chosen.check:
        answer, gold = json.loads(chosen.check.read_text(encoding="ascii"))
        faults("x+1", "\\sin 1")
        sys.stdout.write(json.dumps(faults(answer, gold)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = chosen.corpus or folder / "kept"
        corpus.mkdir(exist_ok=True)
        (folder / "corpus").symlink_to(corpus.resolve())
        (folder / "suspects").touch()
        dictionary(folder / "dictionary")
        if not any(corpus.iterdir()):
            seeds(corpus, chosen.seed, int(_SEEDS_A_MINUTE * chosen.minutes))
        texts, branches, suspects = rounds(folder, chosen.minutes, chosen.seed)
        failures = [(pair, found) for pair in dict.fromkeys(suspects) if (found := confirmed(folder, pair))]
        kept = sum(1 for _ in corpus.iterdir())
    for pair, found in failures:
        line = json.dumps({"answer": pair[0], "gold": pair[1], "faults": found})
        sys.stdout.write(line + "\n")
        if chosen.failures:
            with chosen.failures.open("a", encoding="ascii") as file:
                file.write(line + "\n")
    counts = f"{texts:,} pairs of texts, {branches:,} branches, {kept:,} inputs kept"
    sys.stdout.write(f"{counts}; {len(set(suspects)):,} suspects, {len(failures):,} failures\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
