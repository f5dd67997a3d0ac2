"""Crashes whose truth is known, and reports held against them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab import corpus, matrix, score_table, truth
from kdive.lab.corpus import CANNOT, DONE, FAILED, Case, Status
from kdive.lab.score import LOG, NOTHING, Answer, Scored, Share, same_signatures, score, shares
from kdive.lab.truth import Truth
from tests.cli.run import kdive

RELEASE = "5.10.0-32-cloud-amd64"
BUG = Truth("kernel-bug", "zoo_bug_leaf", "crashzoo", RELEASE, "x86_64", "bug", 2, 104, "insmod", 0)


@pytest.fixture
def crashed(tmp_path: Path, sample_vmcore: Path, sample_console: Path) -> Path:
    """The bundled sample, laid out as the lab leaves a crash."""
    folder = tmp_path / "corpus" / RELEASE / "bug-2cpu"
    folder.mkdir(parents=True)
    (folder / "vmcore").symlink_to(sample_vmcore)
    (folder / "console.log").write_bytes(sample_console.read_bytes())
    (folder / "vmcore-dmesg.txt").write_text(kdive("dmesg", sample_vmcore).stdout)
    truth.write(BUG, folder)
    return folder


def test_right_reports_have_no_misses(crashed: Path) -> None:
    scored = score(crashed, None)
    assert scored.misses() == []
    assert {name: answer.rung for name, answer in scored.answers.items()} == {
        "no debuginfo": "btf",
        "log": "log",
        "console": "log",
    }
    assert shares([scored], NOTHING) == {field: Share(1, 1) for field in ("class", "function", "module")}
    assert same_signatures([scored]) == Share(1, 1)


def test_each_miss_says_what_was_said_and_what_is_right(crashed: Path) -> None:
    truth.write(replace(BUG, class_="gpf", function=None), crashed)
    wrong = "class kernel-bug for gpf, function zoo_bug_leaf for None"
    scored = score(crashed, None)
    assert scored.misses() == [f"no debuginfo: {wrong}"]
    assert scored.untold() == [f"log: {wrong}", f"console: {wrong}"]


def test_another_signature_of_the_log_is_a_miss(crashed: Path) -> None:
    scored = score(crashed, None)
    other = replace(scored.answers[LOG], signature="other")
    (miss,) = Scored(crashed, BUG, {**scored.answers, LOG: other}).misses()
    assert miss == "signature j5jv3fwhhtcxw of the dump, other of its log"


def test_a_dump_that_gives_no_report_is_a_miss_and_not_the_end(crashed: Path) -> None:
    (crashed / "vmcore").unlink()
    (crashed / "vmcore").write_bytes(b"\0" * 100)
    first = score(crashed, None).misses()[0]
    assert first.startswith("no debuginfo: ")
    assert "exit code 2" in first


def test_the_verb_counts_and_names(crashed: Path) -> None:
    shown = kdive("lab", "score", crashed.parent.parent)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "1/1 100.0 %" in shown.stdout
    assert "no misses" in shown.stdout
    truth.write(replace(BUG, function="zoo_other"), crashed)
    shown = kdive("lab", "score", crashed.parent.parent)
    assert shown.returncode == 1
    assert "bug-2cpu: no debuginfo: function zoo_bug_leaf for zoo_other" in shown.stdout


def test_a_folder_without_crashes_is_named(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="holds no crash"):
        corpus.crashes(tmp_path)


def test_what_failed_is_tried_again_and_what_is_done_is_not(crashed: Path) -> None:
    folder = crashed.parent.parent
    other = Case("gpf", RELEASE, 2)
    assert corpus.status(folder, Case("bug", RELEASE, 2)) == Status(DONE)
    assert corpus.status(folder, other) is None
    corpus.write_status(folder, other, Status(FAILED, "the machine did not come up"))
    assert corpus.status(folder, other) == Status(FAILED, "the machine did not come up")


def test_the_table_has_kinds_down_and_kernels_across() -> None:
    results = {
        Case("bug", "5.10.0", 2): Status(DONE),
        Case("bug", "6.1.0", 2): Status(DONE),
        Case("gpf", "5.10.0", 2): Status(CANNOT, "only on aarch64"),
        Case("gpf", "6.1.0", 1): Status(FAILED, "silence"),
    }
    assert matrix.table(results).splitlines() == [
        "kind  5.10.0 (2 CPUs)  6.1.0 (1 CPU)  6.1.0 (2 CPUs)",
        "bug   done                            done",
        "gpf   cannot           failed",
        "",
        "gpf on 5.10.0 (2): cannot: only on aarch64",
        "gpf on 6.1.0 (1): failed: silence",
    ]


def test_the_page_shows_what_is_right_wrong_and_not_made(crashed: Path) -> None:
    folder = crashed.parent.parent
    corpus.write_status(folder, Case("gpf", RELEASE, 2), Status(CANNOT, "only on aarch64"))
    (folder / "note-xcpu").mkdir()
    right = score_table.page([score(crashed, None)], corpus.statuses(folder), "today")
    assert "| bug | right |" in right
    assert "| gpf | cannot |" in right
    assert f"* gpf on {RELEASE}, 2 CPUs: cannot: only on aarch64" in right
    truth.write(replace(BUG, module=None), crashed)
    assert "| bug | **1 wrong** |" in score_table.page([score(crashed, None)], corpus.statuses(folder), "today")


def test_no_answer_has_no_share() -> None:
    answer = Answer("gpf", None, None, "likely", "", "btf")
    assert shares([Scored(Path("x"), BUG, {NOTHING: answer})], LOG)["class"] == Share(0, 0)
    assert shares([Scored(Path("x"), BUG, {NOTHING: answer})], NOTHING)["class"] == Share(0, 1)
