"""Tells people and programs of a crash: the journal, whoever logs in, a mailbox, a web server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.kdump.after import Told

SCHEMA = "kdive-crash/1"
_MOTD = Path("run/motd.d/kdive")
# Debian's pam_motd shows what the scripts of update-motd.d print, and no files of motd.d.
_MOTD_SCRIPT = Path("etc/update-motd.d/95-kdive")
_SCRIPT = f"#!/bin/sh\n# Crashes of this machine, as kdive after found them.\ncat /{_MOTD} 2>/dev/null || true\n"
_WEBHOOK_S = 30
_MAIL_S = 60
_SENDMAIL = ("/usr/sbin/sendmail", "/usr/lib/sendmail")


def line(told: Told) -> str:
    """One line, for the journal and at login."""
    when = datetime.fromtimestamp(told.dump.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    text = f"kdive: crash of {when}: {told.title or told.class_}; see {told.dump.folder}/report.txt"
    return "".join(one if one.isprintable() else "?" for one in text)  # it may come from a damaged log


def to_journal(told: Told) -> None:
    """Writes the line to the system's log."""
    import syslog

    syslog.openlog("kdive", 0, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_CRIT, line(told).removeprefix("kdive: "))


def at_login(all_told: Sequence[Told], root: Path = Path("/")) -> None:
    """Lets everybody who logs in see it until the next boot. Raises KdiveError where that cannot be."""
    path = root / _MOTD
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.write_text("".join(line(told) + "\n" for told in all_told))
        path.chmod(0o644)
        if (root / _MOTD_SCRIPT).parent.is_dir():
            path = root / _MOTD_SCRIPT
            path.write_text(_SCRIPT)
            path.chmod(0o755)
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error


def sendmail() -> str:
    """The program that takes mails. Raises KdiveError where there is none."""
    for path in (*_SENDMAIL, shutil.which("sendmail") or ""):
        if os.access(path, os.X_OK):
            return path
    raise KdiveError("mail_to is set, but there is no sendmail", hint="apt-get install msmtp-mta, or a mail server")


def by_mail(told: Told, to: str, host: str, program: str) -> None:
    """Sends the report to `to` with `program`. Raises KdiveError where it refuses."""
    with tempfile.TemporaryFile() as file:
        file.write(message(told, to, host).as_bytes(policy=SMTP))
        file.seek(0)
        programs.run([program, "-t", "-oi"], stdin=file, timeout_s=_MAIL_S)


def message(told: Told, to: str, host: str) -> EmailMessage:
    """The mail. Raises KdiveError for an address that is none."""
    mail = EmailMessage()
    try:
        mail["To"] = to
        mail["From"] = f"kdive <root@{host}>"
    except ValueError as error:
        raise KdiveError(f"mail_to {to}: {error}", hint="give an address: admin@example.org") from error
    mail["Subject"] = f"{host} crashed: {told.title}"[:200].replace("\n", " ").replace("\r", " ")
    mail.set_content(told.text or line(told))
    return mail


def by_webhook(told: Told, url: str, host: str) -> None:
    """Posts what happened to `url` as JSON. Raises KdiveError where nobody takes it."""
    if not url.startswith(("http://", "https://")):
        raise KdiveError(f"webhook {url}: not a web address", hint="give one that begins with https://")
    request = urllib.request.Request(url, data=as_json(told, host).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=_WEBHOOK_S) as answer:
            answer.read(1)
    except (OSError, ValueError) as error:
        raise KdiveError(f"webhook {url}: {error}", hint="try it: curl -d '{}' " + url) from error


def as_json(told: Told, host: str) -> str:
    """What a webhook gets."""
    dump = told.dump
    return json.dumps({
        "schema": SCHEMA,
        "host": host,
        "time": dump.time,
        "folder": dump.folder,
        "complete": dump.complete,
        "test": bool(dump.test_id),
        "title": told.title,
        "class": told.class_,
        "function": told.function,
        "module": told.module,
        "signature": told.signature,
    })  # fmt: skip


def this_host() -> str:
    """The machine's name."""
    return socket.gethostname() or "localhost"
