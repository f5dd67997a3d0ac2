"""The capture to another machine: a real sshd and a real HTTP server, which also break down half way."""

from __future__ import annotations

import http.server
import io
import json
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from kdive import programs
from kdive.dumpfile.open import open_dump
from kdive.engine.manifest import check_files
from kdive.kdump.capture_plan import CapturePlan, Place
from kdive.kdump.collector.targets.nfs import mount_options
from kdive.kdump.collector.targets.ssh import ssh_argv
from kdive.kdump.dumps import read_dump
from tests.kdump.capture_tree import MB, Tree, kdive, loop_device, make_tree, modes, mounted
from tests.lab.need import need

PLAN = CapturePlan("web1", "5.10.0-32-cloud-amd64", (), address="10.0.0.7", reserve=MB)


@pytest.fixture
def tree(tmp_path: Path, sample_vmcore: Path) -> Tree:
    return make_tree(tmp_path / "root", sample_vmcore)


@dataclass(frozen=True)
class Server:
    place: Place
    folder: Path
    process: subprocess.Popen[bytes]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Server]:
    """An sshd on a free port of the loopback interface, with keys of its own."""
    need("sshd", "ssh", "ssh-keygen")
    keys, folder = tmp_path / "keys", tmp_path / "far side's dumps"
    keys.mkdir(mode=0o700)
    folder.mkdir()
    for name in ("host", "user"):
        programs.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)])
    shutil.copy(keys / "user.pub", keys / "authorized")
    port = free_port()
    (keys / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys}/host\nAuthorizedKeysFile {keys}/authorized\n"
        f"PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    (keys / "known").write_text(f"[127.0.0.1]:{port} {(keys / 'host.pub').read_text()}")
    Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd")
    assert program
    with subprocess.Popen([program, "-D", "-e", "-f", str(keys / "config")], stderr=subprocess.PIPE) as process:
        wait_for_port(port)
        user = pwd.getpwuid(os.getuid()).pw_name
        place = Place(
            "ssh",
            folder=str(folder),
            login=f"{user}@127.0.0.1",
            port=port,
            key=str(keys / "user"),
            known_hosts=str(keys / "known"),
        )
        try:
            yield Server(place, folder, process)
        finally:
            process.kill()


def test_over_ssh_the_dump_is_flattened_and_named_so(sshd: Server, tree: Tree) -> None:
    code, said = tree.collect(replace(PLAN, places=(sshd.place,)))
    assert code == 0, said
    (folder,) = sshd.folder.iterdir()
    assert folder.name.startswith("10.0.0.7-")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert modes(folder) == dict.fromkeys(
        ("kexec-dmesg.log", "manifest.json", "vmcore-dmesg.txt", "vmcore.flat"), 0o600
    )
    assert check_files([folder / "vmcore.flat", folder / "vmcore-dmesg.txt"]).problems == ()
    found = read_dump(folder)
    assert found is not None and found.complete
    assert "BUG in zoo_bug_leaf" in kdive("report", "--brief", str(folder / "vmcore.flat"))


def test_a_host_whose_key_is_not_known_gets_nothing(sshd: Server, tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "keys/known").write_text("")
    code, said = tree.collect(replace(PLAN, places=(sshd.place,)))
    assert code == 1
    assert "Host key verification failed" in said
    assert list(sshd.folder.iterdir()) == []
    assert "kernel BUG at" in (tree.root / "dev/pmsg0").read_text()


def test_when_ssh_is_cut_half_way_the_dump_is_incomplete_there_and_goes_to_the_second_target(
    sshd: Server, tree: Tree, tmp_path: Path
) -> None:
    with loop_device(tmp_path / "disk", 128 * MB, "mke2fs", "-q", "-F") as device:
        tree.add_device("vda", device)
        second = Place("local", device="/dev/vda", fstype="ext4")
        with tree.start(replace(PLAN, core_collector="makedumpfile -c -d 0", places=(sshd.place, second))) as process:
            incomplete = wait_for_file(sshd.folder, "vmcore-incomplete", 2 * MB)
            kill_children_of(sshd.process.pid)
            sshd.process.kill()
            assert process.wait(60) == 0
        folder = incomplete.parent
        assert "vmcore.flat" not in modes(folder)
        found = read_dump(folder)
        assert found is not None and not found.complete
        assert "zoo_bug_leaf" in kdive("report", str(incomplete))
        with mounted(device, tmp_path / "mnt") as root:
            (saved,) = (path.parent for path in root.glob("*/vmcore"))
            (why,) = json.loads((saved / "manifest.json").read_text())["failed_before"]
            assert "127.0.0.1" in why


def test_a_server_that_never_answers_is_given_up_in_time(tree: Tree, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        loop_device(tmp_path / "disk", 64 * MB, "mke2fs", "-q", "-F") as device,
    ):
        tree.add_device("vda", device)
        dead = Place("http", url=f"http://127.0.0.1:{silent.getsockname()[1]}/dumps")
        second = Place("local", device="/dev/vda", fstype="ext4")
        begun = time.monotonic()
        code, said = tree.collect(replace(PLAN, places=(dead, second), stall_s=2))
        assert code == 0
        assert "nothing was taken for 2 s" in said
        assert time.monotonic() - begun < 20


def test_a_word_in_a_folder_is_never_run_by_the_other_shell() -> None:
    argv = ssh_argv(Place("ssh", login="kdump@vault", folder="/a", key="/k", known_hosts="/h"), "true")
    assert argv[-3:] == ["--", "kdump@vault", "true"]
    assert "StrictHostKeyChecking=yes" in argv and "BatchMode=yes" in argv


def test_over_ssh_a_folder_may_have_any_name(sshd: Server, tree: Tree) -> None:
    name = "$(touch pwned); 'x' \"y\""
    place = replace(sshd.place, folder=f"{sshd.folder}/{name}")
    code, said = tree.collect(replace(PLAN, places=(place,)))
    assert code == 0, said
    assert [path.name for path in sshd.folder.iterdir()] == [name]


class Puts(http.server.BaseHTTPRequestHandler):
    """Keeps what is PUT below `folder`; answers `status`."""

    folder: Path
    status = 201
    limit = 1 << 40

    def do_PUT(self) -> None:
        path = self.folder / self.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        body = io.BytesIO()
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body.write(self.rfile.read(size))
                self.rfile.readline()
                if body.tell() > self.limit:
                    self.close_connection = True
                    return
            self.rfile.readline()
        else:
            body.write(self.rfile.read(int(self.headers["Content-Length"])))
        path.write_bytes(body.getvalue())
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@contextmanager
def web(folder: Path, **changes: object) -> Iterator[Place]:
    handler = type("Handler", (Puts,), {"folder": folder, **changes})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Place("http", url=f"http://127.0.0.1:{server.server_port}/dumps/")
        server.shutdown()


def test_over_http_each_file_is_put_and_the_dump_in_chunks(tree: Tree, tmp_path: Path) -> None:
    with web(tmp_path / "web") as place:
        code, said = tree.collect(replace(PLAN, places=(place,)))
    assert code == 0, said
    (folder,) = (tmp_path / "web/dumps").iterdir()
    assert set(modes(folder)) == {"kexec-dmesg.log", "manifest.json", "vmcore-dmesg.txt", "vmcore.flat"}
    assert check_files([folder / "vmcore.flat"]).agreeing == ("vmcore.flat",)
    with open_dump(folder / "vmcore.flat") as dump:
        assert dump.page_size == 4096


@pytest.mark.parametrize(("changes", "why"), [({"status": 507}, "507"), ({"limit": MB}, "http://127.0.0.1")])
def test_a_web_server_that_fails_is_given_up(changes: dict[str, int], why: str, tree: Tree, tmp_path: Path) -> None:
    with web(tmp_path / "web", **changes) as place:
        code, said = tree.collect(replace(PLAN, places=(place,)))
    assert code == 1
    assert why in said


def test_nfs_is_mounted_so_that_a_dead_server_gives_an_error() -> None:
    tries = mount_options("hard,rsize=8192", "10.0.0.1")
    assert [fstype for fstype, _ in tries] == ["nfs4", "nfs4", "nfs4", "nfs"]
    for _, options in tries:
        assert options.endswith("soft,timeo=100,retrans=2,proto=tcp,rsize=8192,addr=10.0.0.1")
    assert mount_options("vers=3", "10.0.0.1") == [
        ("nfs", "vers=3,nolock,soft,timeo=100,retrans=2,proto=tcp,addr=10.0.0.1")
    ]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("sshd does not listen")


def wait_for_file(folder: Path, name: str, size: int) -> Path:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        for path in folder.glob(f"*/{name}"):
            if path.stat().st_size > size:
                return path
        time.sleep(0.002)
    raise AssertionError(f"{name} was not begun")


def kill_children_of(pid: int) -> None:
    for line in programs.run(["ps", "-o", "pid=", "--ppid", str(pid)], codes=(0, 1)).split():
        os.kill(int(line), 9)
