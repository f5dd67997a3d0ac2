from __future__ import annotations

import struct
from pathlib import Path

import drgn
import pytest

from kdive.symbols.find import Symbols, find_symbols
from kdive.symbols.modules import loaded_modules
from tests.formats.build_btf import BtfBuilder
from tests.symbols.build_kernel import DATA, build_memory, kernel_symbols

_MODULE_SIZE = 128
_HEAD = DATA + 0x3000


def test_modules_of_the_sample_with_all_their_memory(sample_program: drgn.Program) -> None:
    # The module addresses that the kernel's own debuginfo gives; crashzoo was still in its init code.
    modules = {module.name: module.ranges for module in loaded_modules(sample_program)}
    assert list(modules) == ["crashzoo", "virtio_blk", "virtio_pci", "virtio", "virtio_ring"]
    assert modules["virtio"] == ((0xFFFFFFFFC0084000, 0xFFFFFFFFC0088000),)
    assert modules["crashzoo"] == (
        (0xFFFFFFFFC0091000, 0xFFFFFFFFC0094000),
        (0xFFFFFFFFC009B000, 0xFFFFFFFFC00A2000),
    )


def test_symbols_of_modules_are_found_by_name_and_address(sample_program: drgn.Program) -> None:
    symbol = sample_program.symbol("zoo_bug_leaf")
    assert sample_program.symbol(symbol.address + 0x16).name == "zoo_bug_leaf"
    assert sample_program.symbol(0xFFFFFFFFC0091050).name == "zoo_init"
    with pytest.raises(LookupError):
        sample_program.symbol(0xFFFFFFFFC0090000)


def test_function_of_a_return_address_is_the_one_that_called(sample_symbols: Symbols) -> None:
    functions = sample_symbols.functions
    assert functions is not None
    leaf = functions.at(0xFFFFFFFFC009B616)
    assert leaf is not None
    after = leaf.start + leaf.size
    assert functions.at(after, is_return_address=True) == leaf
    assert functions.at(after) != leaf


def _module_type() -> bytes:
    builder = BtfBuilder()
    word = builder.integer("long unsigned int", 8)  # 1
    char = builder.integer("char", 1, signed=True)  # 2
    name = builder.array(char, word, 56)  # 3
    builder.struct("list_head", 16, [("next", 5, 0), ("prev", 5, 64)])  # 4
    builder.ptr(4)  # 5
    members = [("list", 4), ("name", name), ("module_core", word), ("core_size", word), ("core_text_size", word)]
    members += [("module_init", word), ("init_size", word), ("init_text_size", word)]
    offsets = [0, 16, 72, 80, 88, 96, 104, 112]
    members += [("symtab", word), ("num_symtab", word), ("strtab", word)]
    offsets += [120, 120, 120]
    placed = [(member, type_id, 8 * offset) for (member, type_id), offset in zip(members, offsets, strict=True)]
    builder.struct("module", _MODULE_SIZE, placed)
    return builder.data()


def _module(name: str, next_: int, core: int, size: int) -> bytes:
    return struct.pack("<QQ56s7Q", next_, 0, name.encode(), core, size, 0, 0, 0, 0, 0)


def _kernel(folder: Path, content: dict[int, bytes]) -> drgn.Program:
    btf = _module_type()
    symbols = kernel_symbols(btf_size=len(btf))
    symbols.insert(-1, ("D", "modules", _HEAD))
    program = find_symbols(build_memory(folder, symbols=symbols, btf=btf, damage=content)).program
    assert program is not None
    return program


def test_list_of_modules_that_goes_round_in_circles_ends(tmp_path: Path) -> None:
    first, second = _HEAD + 0x100, _HEAD + 0x200
    program = _kernel(
        tmp_path,
        {
            _HEAD: struct.pack("<QQ", first, first),
            first: _module("first", second, 0xFFFFFFFFC0000000, 0x1000),
            second: _module("second", first, 0xFFFFFFFFC0002000, 1 << 40),
        },
    )
    modules = loaded_modules(program)
    assert [module.name for module in modules] == ["first", "second"]
    assert modules[0].ranges == ((0xFFFFFFFFC0000000, 0xFFFFFFFFC0001000),)
    assert modules[1].ranges == ()


def test_list_of_modules_that_leads_nowhere_ends(tmp_path: Path) -> None:
    program = _kernel(tmp_path, {_HEAD: struct.pack("<QQ", 0x4141414141414141, 0)})
    assert loaded_modules(program) == []
