"""The reward functions in the forms that training libraries call."""

import pytest

from math_eval.errors import RequestError
from math_eval.training import trl_reward, verl_compute_score

PROSE = "All odd primes that divide the order of the group, and no others"


def test_completions_are_texts_or_chats():
    chat = [{"role": "assistant", "content": "so \\boxed{\\frac{1}{2}}"}]
    silent = [{"role": "assistant", "content": None}]
    rewards = trl_reward(
        ["it is \\boxed{3}", chat, "no idea", silent, []], answer=["3", "0.5", "1", "1", "1"], prompts=["a"] * 5
    )
    assert rewards == [1.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("column", ["answer", "solution", "ground_truth"])
@pytest.mark.parametrize(
    ("gold", "reward"),
    [
        ("12", 1.0),
        (12, 1.0),
        (12.0, 1.0),
        ("3 * 4 = <<3*4=12>>12\n#### 12", 1.0),
        ("We get $3\\cdot4=\\boxed{12}$.", 1.0),
        (["11", "12"], 1.0),
        ("13", 0.0),
        (["11", "13"], 0.0),
        (PROSE, None),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_golds_of_data_sets(column, gold, reward):
    assert trl_reward(["The answer is 12."], **{column: [gold]}) == [reward]


def test_the_first_column_counts_and_none_is_refused():
    assert trl_reward(["\\boxed{2}"], answer=["2"], solution=["3"]) == [1.0]
    with pytest.raises(RequestError, match="answer, solution or ground_truth"):
        trl_reward(["\\boxed{2}"], prompts=["a"])


def test_verl_gets_a_score_or_a_dictionary_and_never_an_error():
    assert verl_compute_score("gsm8k", "The answer is 12.", "12", {"index": 3}) == 1.0
    assert verl_compute_score("gsm8k", "The answer is 13.", 12) == 0.0
    assert verl_compute_score("gsm8k", "The answer is 13.", None) == 0.0
    assert verl_compute_score("x", "It is \\boxed{5}", "5", as_dict=True) == {
        "score": 1.0,
        "acc": True,
        "pred": "5",
        "status": "correct",
        "rule": "exact",
    }
    assert verl_compute_score("x", "It is \\boxed{5}", PROSE, as_dict=True)["status"] == "undecided"
    assert verl_compute_score("x", "It is \\boxed{5}", "", as_dict=True)["rule"] == "no gold"
