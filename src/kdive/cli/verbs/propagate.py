"""Let this machine log in at the one that keeps its dumps.

For dumps that go elsewhere by ssh: makes a key, records the other machine's host key, and adds the public key there,
for which ssh asks that user's password once. LOGIN is user@host; without it, that of /etc/kdump.conf is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    login: Annotated[str, Arg("LOGIN", "user@host (default: as configured)")] = ""
    key: Annotated[str, Opt("FILE", "the private key (default: as configured, else /root/.ssh/kdump_id_rsa)")] = ""


def run(options: Options, terminal: Terminal) -> int:
    """Does it, and says what was needed."""
    from kdive.kdump import places
    from kdive.kdump.config import SshTarget
    from kdive.kdump.propagate import propagate

    configured = places.configured().target
    target = configured if isinstance(configured, SshTarget) else SshTarget("")
    target = SshTarget(options.login or target.login, options.key or target.key)
    if not target.login:
        raise KdiveError("dumps do not go elsewhere by ssh", hint="give user@host, or set ssh in /etc/kdump.conf")
    done = propagate(target)
    if done.made_key:
        terminal.write(f"made the key {target.key}")
    terminal.write(f"{target.login} accepts the key" + (", which was added there" if done.installed else " already"))
    return EXIT_OK
