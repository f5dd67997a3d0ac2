"""The key gets to the other machine once, by an ssh that stands in for the network and does the rest for real."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.config import SshTarget
from kdive.kdump.propagate import is_accepted, keygen_argv, login_argv, propagate

# Takes the last word as the command, and lets in by key whoever's public key is in authorized_keys.
SSH = """#!/bin/sh
key=
while [ $# -gt 1 ]; do
    [ "$1" = -i ] && key=$2
    shift
done
if [ -n "$key" ]; then
    grep -qxF -f "$key.pub" "$HOME/.ssh/authorized_keys" 2>/dev/null || { echo "Permission denied" >&2; exit 255; }
fi
exec sh -c "$1"
"""
KEYGEN = """#!/bin/sh
while [ $# -gt 1 ]; do shift; done
echo private > "$1"; echo "ssh-ed25519 AAAA kdump@web1" > "$1.pub"
"""


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SshTarget:
    """The other machine's home is `home`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("ssh", SSH), ("ssh-keygen", KEYGEN)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return SshTarget("kdump@store", str(tmp_path / "keys/kdump_id"))


def test_a_key_is_made_and_added_there_once(target: SshTarget, tmp_path: Path) -> None:
    done = propagate(target)
    assert (done.made_key, done.installed) == (True, True)
    keys = tmp_path / "home/.ssh/authorized_keys"
    assert keys.read_text() == "ssh-ed25519 AAAA kdump@web1\n"
    again = propagate(target)
    assert (again.made_key, again.installed) == (False, False)
    assert keys.read_text() == "ssh-ed25519 AAAA kdump@web1\n"


def test_whoever_is_not_let_in_is_told_what_ssh_said(target: SshTarget) -> None:
    assert "Permission denied" in is_accepted(target)


def test_a_key_whose_public_half_is_gone_is_named(target: SshTarget) -> None:
    propagate(target)
    Path(target.key + ".pub").unlink()
    with pytest.raises(KdiveError, match=r"kdump_id\.pub") as error:
        propagate(target)
    assert "ssh-keygen -y" in error.value.hint


def test_the_host_key_is_recorded_when_it_is_first_seen_and_checked_ever_after() -> None:
    target = SshTarget("-oProxyCommand=evil", "/k")
    first = login_argv(target, Path("/hosts"), "true", batch=False)
    later = login_argv(target, Path("/hosts"), "true", batch=True)
    assert "StrictHostKeyChecking=accept-new" in first
    assert {"StrictHostKeyChecking=yes", "BatchMode=yes", "UserKnownHostsFile=/hosts"} <= set(later)
    assert later[-3:] == ["--", "-oProxyCommand=evil", "true"]


def test_the_key_has_no_passphrase() -> None:
    assert keygen_argv("/k", "web1")[-4:] == ["-C", "kdump@web1", "-f", "/k"]
    assert keygen_argv("/k", "web1")[4:6] == ["-N", ""]
