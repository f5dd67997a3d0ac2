"""A guest that holds planted secrets crashes; in its redacted dump none of them is to be found, and the verdict stays.

Runs where QEMU is installed; KDIVE_LAB=1 makes a missing program a failure, KDIVE_LAB=0 leaves these tests out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.dumpfile.open import open_dump
from kdive.engine.kept_pages import kept_pages
from kdive.engine.selection import Selection
from kdive.engine.write import write_dump
from kdive.engine.writing import WriteOptions
from kdive.kernel.secrets.kind import chosen
from kdive.kernel.secrets.plan import Found, Wanted, find_secrets
from kdive.lab import prepare
from kdive.lab.store import Store
from kdive.memory.open import open_memory
from kdive.pipeline.report import make_report
from kdive.pipeline.request import ReportRequest
from kdive.report.to_text import render
from kdive.symbols.find import SymbolOptions, find_symbols
from tests.kernel.secrets import machine, plant
from tests.lab.need import need

TEXTS = ("user", "logon", "environment", "argument", "typed", "printed", "unix socket", "tcp socket", "udp socket")
KEYS = ("skcipher", "dm-crypt", "wireguard preshared", "fscrypt")
PLANTED = {name: plant.secret(name) for name in TEXTS} | {f"key of {name}": plant.key(name)[:16] for name in KEYS}
PLANTED |= {"key of tls": plant.key("tls")[:16], "key of wireguard": plant.private("wireguard")}


@pytest.fixture(scope="module", params=(("newest", "x86_64"), ("6.12", "aarch64")), ids=" ".join)
def vmcore(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kernel, arch = request.param
    need(f"qemu-system-{arch}", "apt-get", "dpkg-deb", "mke2fs")
    bench = prepare.prepare(Store(), prepare.Wanted(kernel, arch), lambda what: None, zoo=False)
    path, console = machine.crash(bench, tmp_path_factory.mktemp("planted"))
    assert console.count("kdive-test: planted") == 9, console
    return path


def redact(vmcore: Path, profile: str, target: Path) -> Found:
    with open_dump(vmcore) as dump:
        memory = open_memory(dump)
        found = find_secrets(memory, find_symbols(memory, SymbolOptions(none=True)), Wanted(chosen(profile)), 1)
        write_dump(memory, Selection(memory).windows(), target, WriteOptions(level=1, erase=found.plan, sync=False))
    return found


def held(path: Path, level: int) -> set[str]:
    """The planted secrets of which the pages that a dump of `level` keeps hold a copy."""
    found = set()
    with open_dump(path) as dump:
        for _, pages in kept_pages(open_memory(dump), level):
            content = pages.tobytes()
            found |= {name for name, value in PLANTED.items() if value in content}
    return found


def test_no_planted_secret_is_left_in_a_dump_redacted_in_full(vmcore: Path, tmp_path: Path) -> None:
    assert {"user", "logon", "typed", "tcp socket", "key of dm-crypt", "key of tls", "key of wireguard"} <= held(
        vmcore, 31
    )
    assert {"environment", "argument"} <= held(vmcore, 0)
    found = redact(vmcore, "full", tmp_path / "redacted")
    assert held(tmp_path / "redacted", 0) == set()
    assert found.absent == found.warnings == ()
    assert all(found.counts.values())


def test_the_basic_profile_takes_keyrings_ciphers_and_programs_memory(vmcore: Path, tmp_path: Path) -> None:
    redact(vmcore, "basic", tmp_path / "redacted")
    left = held(tmp_path / "redacted", 0)
    assert not left & {"user", "logon", "environment", "argument", "key of skcipher", "key of fscrypt"}
    assert {"typed", "tcp socket", "key of wireguard"} <= left


def test_the_report_on_a_redacted_dump_has_the_same_verdict_and_says_what_was_erased(
    vmcore: Path, tmp_path: Path
) -> None:
    redact(vmcore, "full", tmp_path / "redacted")
    paths = (vmcore, tmp_path / "redacted")
    before, after = (make_report(ReportRequest(path, no_debuginfo=True), lambda what: None) for path in paths)
    assert before.diagnosis.verdict is not None
    assert before.diagnosis.verdict.class_ == "sysrq"
    assert after.diagnosis.verdict == before.diagnosis.verdict
    assert "user_key_payload.data" in after.facts.container.erased
    assert "user_key_payload" in render(after, 100, False, False)
