"""The zoo as a module, built with the compiler of each kernel's own suite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kdive.lab import kind, module
from kdive.lab.fetch import fetch
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store
from kdive.lab.tree import host_arch
from tests.lab.need import need, need_network

OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}


def quiet(what: str) -> None:
    pass


def test_the_table_calls_each_kind_by_its_name_and_ends() -> None:
    assert module.table_source(["null-deref-timer", "bug"]) == (
        "// SPDX-License-Identifier: GPL-2.0\n"
        '#include "zoo.h"\n'
        "\n"
        "int zoo_null_deref_timer(void);\n"
        "int zoo_bug(void);\n"
        "\n"
        "const struct zoo_kind zoo_kinds[] = {\n"
        '\t{ "null-deref-timer", zoo_null_deref_timer },\n'
        '\t{ "bug", zoo_bug },\n'
        "\t{ NULL, NULL },\n"
        "};\n"
    )


def test_kbuild_is_told_every_kinds_file() -> None:
    lines = module.kbuild_text(["null-deref-timer", "bug"]).splitlines()
    assert lines[0] == "obj-m := crashzoo.o"
    assert lines[1] == "crashzoo-y := zoo_main.o zoo_table.o null_deref_timer.o bug.o"


def test_every_kind_with_a_source_has_a_function_of_its_name() -> None:
    named = [name for name in kind.names() if kind.source(name)]
    assert len(named) > 30
    for name in named:
        source = kind.source(name)
        assert source is not None
        assert f"int zoo_{name.replace('-', '_')}(void)\n{{" in source.read_text()


def test_only_another_architecture_is_compiled_across() -> None:
    here = host_arch()
    own = LabKernel("6.1.0-1-cloud-amd64", here, "1", "bookworm", Path("/nowhere"))
    other = LabKernel("6.1.0-1-cloud-arm64", OTHER[here], "1", "bookworm", Path("/nowhere"))
    assert "CROSS_COMPILE" not in module.make_script(own)
    assert f"CROSS_COMPILE={OTHER[here]}-linux-gnu-" in module.make_script(other)
    assert f"{OTHER[here]}-linux-gnu-strip" in module.make_script(other)


@pytest.mark.parametrize(("name", "arch"), [("6.1", "x86_64"), ("newest", "x86_64"), ("6.12", "aarch64")])
def test_the_module_fits_its_kernel_and_says_nothing_of_where_it_was_built(name: str, arch: str) -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    store = Store()
    kernel = fetch(store, name, arch, progress=quiet)
    built = module.build(kernel, store, progress=quiet)
    data = built.read_bytes()
    assert f"\0vermagic={kernel.release} SMP ".encode() in data
    # kbuild of later kernels names the sources of modules from where they lie.
    assert set(re.findall(rb"[^\0]*bug\.c(?=\0)", data)) in ({b"/usr/src/crashzoo/bug.c"}, {b"bug.c"})
    assert str(store.folder).encode() not in data
    assert [name for name in kind.names() if kind.source(name) and f"\0{name}\0".encode() not in data] == []
    assert b"\0.debug_info\0" not in data
    assert b".BTF\0" not in data
    assert b".debug_info\0" in built.with_name("crashzoo.ko.debug").read_bytes()


def test_a_built_module_is_not_built_again() -> None:
    need_network()
    need("apt-get", "dpkg-deb")
    store = Store()
    kernel = fetch(store, "6.1", "x86_64", progress=quiet)
    module.build(kernel, store, progress=quiet)
    said: list[str] = []
    module.build(kernel, store, progress=said.append)
    assert said == []
