"""apt beside the system's own: packages of any suite, checked, with nothing installed."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.lab.store import Store
from kdive.packages.apt import Apt, Suite, suites
from tests.lab.need import need, need_network

SUITE = Suite("bookworm", (("Debian", "bookworm"),))


@pytest.fixture
def unsigned_mirror(tmp_path: Path) -> Iterator[str]:
    """An archive with one package that anybody could have put there."""
    need("apt-get", "dpkg-deb")
    root = tmp_path / "mirror"
    package = tmp_path / "package"
    (package / "DEBIAN").mkdir(parents=True)
    control = (
        "Package: evil\nVersion: 1\nArchitecture: amd64\nMaintainer: Nobody <nobody@localhost>\nDescription: none\n"
    )
    (package / "DEBIAN" / "control").write_text(control)
    lists = root / "dists" / "bookworm" / "main" / "binary-amd64"
    lists.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "--build", package, root / "evil.deb"], check=True, capture_output=True)
    deb = (root / "evil.deb").read_bytes()
    packages = f"{control}Filename: evil.deb\nSize: {len(deb)}\nSHA256: {hashlib.sha256(deb).hexdigest()}\n"
    (lists / "Packages").write_text(packages)
    digest = hashlib.sha256(packages.encode()).hexdigest()
    release = f"Suite: bookworm\nCodename: bookworm\nArchitectures: amd64\nComponents: main\nSHA256:\n {digest}"
    (root / "dists" / "bookworm" / "Release").write_text(f"{release} {len(packages)} main/binary-amd64/Packages\n")
    yield f"file:{root}"


def test_an_archive_without_debians_signature_is_refused(unsigned_mirror: str, tmp_path: Path) -> None:
    apt = Apt(tmp_path / "apt", SUITE, "amd64", unsigned_mirror)
    with pytest.raises(KdiveError, match="is not signed"):
        apt.update(lambda what: None)
    assert apt.names("evil") == []


def test_a_refused_archive_is_asked_again(unsigned_mirror: str, tmp_path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        with pytest.raises(KdiveError):
            Apt(tmp_path / "apt", SUITE, "amd64", unsigned_mirror).update(said.append)
    assert said == ["reading what Debian bookworm has for amd64"] * 2


def test_every_suite_names_an_archive_and_no_host() -> None:
    assert [suite.name for suite in suites()] == ["bookworm", "bullseye", "trixie", "testing", "unstable"]
    for suite in suites():
        assert suite.archives[0] == ("Debian", suite.name)
        assert not any("/" in word for archive in suite.archives for word in archive)


def test_what_a_package_is_comes_from_the_lists_of_its_suite() -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    apt = Apt(Store().folder / "apt", suites()[0], "arm64")
    apt.update(lambda what: None)
    [busybox] = apt.show("busybox-static", "no-such-package")
    assert (busybox.name, busybox.depends) == ("busybox-static", ())
    assert busybox.version.startswith("1:1.35.0-")
    assert 500_000 < busybox.size < 2_000_000
    assert apt.names("linux-image-cloud-[a-z0-9]+") == ["linux-image-cloud-arm64"]


def test_a_download_is_of_the_version_that_was_asked_for(tmp_path: Path) -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    apt = Apt(Store().folder / "apt", suites()[0], "arm64")
    apt.update(lambda what: None)
    [package] = apt.show("busybox-static")
    [deb] = apt.download([package], tmp_path, lambda what: None)
    fields = subprocess.run(["dpkg-deb", "--field", deb, "Version", "Architecture"], capture_output=True, text=True)
    assert fields.stdout.splitlines() == [f"Version: {package.version}", "Architecture: arm64"]
