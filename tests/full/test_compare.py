"""The comparison of docs/performance.md runs, and both sides answer every request correctly. Figures are not checked."""

import os

import compare


def test_both_answer_everything(tmp_path):
    measured = compare.compare(os.environ["GATESTACK"], 1, 1, [1, 8], tmp_path)
    for runs in measured.values():
        assert set(runs) == {"nginx", "dev, open route", "dev, token and key"}
        assert all(run["requests"] > 0 for one in runs.values() for run in one)
    text = compare.table(measured, [1, 8])
    assert text.count("| 8 |") == 3
