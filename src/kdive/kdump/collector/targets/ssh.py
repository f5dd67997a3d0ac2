"""A folder at another machine, over ssh(1): its host key must be known, and nothing is asked."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import BinaryIO, cast

from kdive.kdump.capture_plan import Place
from kdive.kdump.collector.store import FLAT, INCOMPLETE, LOG, VMCORE, StreamStore, TargetError

_CONNECT_S = 30
_STDERR_BYTES = 2000
_UNFINISHED = {LOG: "vmcore-dmesg-incomplete.txt"}


def ssh_argv(place: Place, command: str) -> list[str]:
    """The command line; `command` is run by the shell of the other machine."""
    if place.login.startswith("-") or not place.login:
        raise TargetError(f"{place.login!r} is nobody to log in as")
    options = [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        f"ConnectTimeout={_CONNECT_S}",
        "ServerAliveInterval=10",
        "ServerAliveCountMax=3",
        "ForwardAgent=no",
        "RequestTTY=no",
        *([f"UserKnownHostsFile={place.known_hosts}"] if place.known_hosts else []),
        *(["IdentitiesOnly=yes"] if place.key else []),
    ]
    words = [word for option in options for word in ("-o", option)]
    return [
        "ssh", "-F", "/dev/null", "-p", str(place.port), *words, *(["-i", place.key] if place.key else []),
        "--", place.login, command,
    ]  # fmt: skip


class SshStore(StreamStore):
    """The folder `name` below `place.folder` at the other machine."""

    def __init__(self, place: Place, name: str) -> None:
        self._place = place
        self._folder = f"{place.folder.rstrip('/') or '.'}/{name}"
        self.where = f"{place.login}:{self._folder}"
        self._run(f"umask 077 && mkdir -p -- {shlex.quote(self._folder)}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is kept open."""

    def put(self, name: str, data: bytes) -> None:
        new, final = self._path(_UNFINISHED.get(name, f".{name}.new")), self._path(name)
        self._run(f"umask 077 && cat >{new} && sync {new} && mv -- {new} {final}", data)

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        argv = ssh_argv(self._place, f"umask 077 && cat >{self._path(INCOMPLETE)}")
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as ssh:
            assert ssh.stdin is not None and ssh.stderr is not None
            try:
                yield cast(BinaryIO, ssh.stdin)
                ssh.stdin.close()
            except BrokenPipeError as error:
                raise TargetError(f"{self.where}: the connection broke: {_tail(ssh.stderr)}") from error
            finally:
                with suppress(OSError):
                    ssh.stdin.close()
            said = _tail(ssh.stderr)
            if ssh.wait():
                raise TargetError(f"{self.where}: ssh ended with {ssh.returncode}: {said}")

    def finish_stream(self, flattened: bool) -> str:
        final = FLAT if flattened else VMCORE
        new = self._path(INCOMPLETE)
        self._run(f"sync {new} && mv -- {new} {self._path(final)}")
        return final

    def _path(self, name: str) -> str:
        return shlex.quote(f"{self._folder}/{name}")

    def _run(self, command: str, data: bytes = b"") -> None:
        try:
            done = subprocess.run(ssh_argv(self._place, command), input=data, capture_output=True, check=False)
        except OSError as error:
            raise TargetError(f"ssh cannot be run: {error.strerror}") from error
        if done.returncode:
            said = done.stderr[-_STDERR_BYTES:].decode("utf-8", "replace").strip()
            raise TargetError(f"{self.where}: ssh ended with {done.returncode}: {said}")


def _tail(stream: object) -> str:
    data = cast(BinaryIO, stream).read() or b""
    return data[-_STDERR_BYTES:].decode("utf-8", "replace").strip()
