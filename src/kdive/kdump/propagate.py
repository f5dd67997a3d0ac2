"""Lets this machine log in, without a password, at the machine that keeps its dumps.

A key of its own is made, the other machine's host key is recorded the first time it is seen, and the public key is
added there; the password is asked by ssh itself. Nothing is done twice.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.kdump.config import SshTarget

KNOWN_HOSTS = Path("/root/.ssh/known_hosts")
_KEYGEN_S = 60
_LOGIN_S = 30
_TYPED_S = 300  # somebody types a password
# Run there by its login shell: adds the line that comes on standard input, once.
_ADD = (
    "umask 077 && mkdir -p ~/.ssh && touch ~/.ssh/authorized_keys && IFS= read -r key && "
    '{ grep -qxF -- "$key" ~/.ssh/authorized_keys || printf "%s\\n" "$key" >> ~/.ssh/authorized_keys; }'
)


@dataclass(frozen=True)
class Propagated:
    """What was done."""

    made_key: bool
    installed: bool  # False where the key was accepted before


def login_argv(target: SshTarget, known_hosts: Path, command: str, batch: bool) -> list[str]:
    """The ssh that runs `command` at the target; `batch`: with the key alone, asking nothing."""
    options = ["StrictHostKeyChecking=yes" if batch else "StrictHostKeyChecking=accept-new"]
    options += [f"UserKnownHostsFile={known_hosts}", "ConnectTimeout=20"]
    options += ["BatchMode=yes", "IdentitiesOnly=yes"] if batch else ["PubkeyAuthentication=no"]
    given = [word for option in options for word in ("-o", option)]
    return ["ssh", *given, *(["-i", target.key] if batch else []), "--", target.login, command]


def keygen_argv(key: str, host: str) -> list[str]:
    """The ssh-keygen that makes the key, without a passphrase: nobody could type it at a crash."""
    return ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"kdump@{host}", "-f", key]


def is_accepted(target: SshTarget, known_hosts: Path = KNOWN_HOSTS) -> str:
    """Why the target does not let this machine in by its key; "" where it does."""
    try:
        programs.run(login_argv(target, known_hosts, "true", batch=True), timeout_s=_LOGIN_S)
    except KdiveError as error:
        return error.message
    return ""


def propagate(target: SshTarget, known_hosts: Path = KNOWN_HOSTS) -> Propagated:
    """Makes the target accept this machine's key. Raises KdiveError where it does not."""
    made = _make_key(target.key)
    if not is_accepted(target, known_hosts):
        return Propagated(made, False)
    with tempfile.TemporaryFile() as file:
        file.write(_public(target.key))
        file.seek(0)
        programs.run(
            login_argv(target, known_hosts, "sh -c " + shlex.quote(_ADD), False), stdin=file, timeout_s=_TYPED_S
        )
    refused = is_accepted(target, known_hosts)
    if refused:
        raise KdiveError(
            f"{target.login} does not accept the key although it was added: {refused}",
            hint="its sshd_config must allow PubkeyAuthentication, and ~/.ssh belong to that user alone",
        )
    return Propagated(made, True)


def _make_key(key: str) -> bool:
    path = Path(key)
    if path.exists():
        return False
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KdiveError(f"{path.parent}: {error.strerror}", hint="run it as root") from error
    programs.run(keygen_argv(key, os.uname().nodename), timeout_s=_KEYGEN_S)
    return True


def _public(key: str) -> bytes:
    """The line of the public key. Raises KdiveError for what is none."""
    path = Path(key + ".pub")
    try:
        line = path.read_bytes()[:16384].strip()
    except OSError as error:
        hint = f"make it from the private key: ssh-keygen -y -f {key} > {path}"
        raise KdiveError(f"{path}: {error.strerror}", hint=hint) from error
    if b"\n" in line or len(line.split()) < 2:
        raise KdiveError(f"{path}: this is no public key", hint=f"ssh-keygen -y -f {key} > {path}")
    return line + b"\n"
