"""Progress in a log: lines that come often at first and ever more seldom."""

import itertools
import time

from math_eval.records import Completion, Verdict
from math_eval.reports.progress import ProgressBar


def test_a_log_gets_lines_ever_more_seldom(monkeypatch, capsys):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bar = ProgressBar(10_000, 5)
    seconds = []
    for second in range(1, 8_000):
        now[0] = 1000.0 + second
        bar.sample(Completion("x", "stop", 1, 2), Verdict("correct", "exact"))
        if capsys.readouterr().err.count("tokens/s"):
            seconds.append(second)
    assert seconds[:3] == [31, 62, 93]
    gaps = [right - left for left, right in itertools.pairwise(seconds)]
    assert gaps == sorted(gaps)
    assert 590 < gaps[-1] <= 601
