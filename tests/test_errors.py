"""Errors cross the border between processes whole: with their text and their attributes."""

import copy
import inspect
import multiprocessing
import pickle

import pytest

import latex2sympy.errors
import math_eval.errors
from latex2sympy import parse
from latex2sympy.ball import Undefined
from math_eval.graders.equivalence.intervals import UnplacedError
from math_eval.graders.qwen.expression import RefusedError
from math_eval.graders.qwen.number_words import NotANumberError
from math_eval.graders.sympy_walls import WallError
from math_eval.graders.sympy_worker import OutOfTimeError
from math_eval.sandbox.launch import ZygoteLost

ARGUMENTS = {
    "ParseError": ("expected a value", 7),
    "LimitError": ("digits",),
    "BudgetError": (),
    "UnknownNameError": ("benchmark", "gsm8", ["gsm8k", "math"]),
    "MissingPackageError": ("torch", "transformers", "the engine transformers"),
    "OutOfTimeError": ("memory",),
}
CLASSES = [
    *(
        kind
        for module in (latex2sympy.errors, math_eval.errors)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException)
    ),
    *(Undefined, UnplacedError, RefusedError, NotANumberError, WallError, OutOfTimeError, ZygoteLost),
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_pickled_whole(kind):
    error = kind(*ARGUMENTS.get(kind.__name__, ("rows.jsonl, row 3: no answer",)))
    error.row = 3
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is kind
        assert str(again) == str(error) and str(again)
        assert again.args == error.args and vars(again) == vars(error)
    assert str(copy.copy(error)) == str(error)


class PluginError(math_eval.errors.DataError):
    """An error of somebody else, with arguments of its own."""

    def __init__(self, *, path, line):
        super().__init__(f"{path}:{line}")
        self.path, self.line = path, line


def test_an_error_with_named_arguments_is_pickled_too():
    again = pickle.loads(pickle.dumps(PluginError(path="a.yaml", line=3)))
    assert (str(again), again.path, again.line, again.exit_code) == ("a.yaml:3", "a.yaml", 3, 2)


def test_an_error_in_a_pool_reaches_the_caller():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        with pytest.raises(latex2sympy.errors.ParseError) as raised:
            pool.apply_async(parse, ("1+",)).get(timeout=60)
        assert raised.value.position == 2
        with pytest.raises(latex2sympy.errors.LimitError) as raised:
            pool.apply_async(parse, ("1" * 30_000,)).get(timeout=60)
        assert raised.value.limit == "length"
