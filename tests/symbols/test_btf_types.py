from __future__ import annotations

from collections.abc import Callable

import drgn
import pytest

from kdive.errors import DumpDamagedError
from kdive.formats.btf import Btf, Kind
from kdive.symbols.btf_types import BtfTypes
from tests.formats.build_btf import BtfBuilder


@pytest.mark.parametrize(
    ("name", "size", "members"),
    [
        # pahole over the debuginfo of the sample's kernel
        ("struct task_struct", 9344, 216),
        ("struct rq", 3072, 64),
        ("struct page", 64, 5),
        ("struct module", 960, 71),
        ("struct pt_regs", 168, 21),
        ("struct net", 4544, 57),
    ],
)
def test_structures_of_the_sample_are_as_debuginfo_says(
    sample_program: drgn.Program, name: str, size: int, members: int
) -> None:
    type_ = sample_program.type(name)
    assert (drgn.sizeof(type_), len(type_.members)) == (size, members)


def test_bit_fields_of_the_sample_are_as_debuginfo_says(sample_program: drgn.Program) -> None:
    task = sample_program.type("struct task_struct")
    fields = [
        (member.name, member.bit_offset, member.bit_field_size) for member in task.members if member.bit_field_size
    ]
    assert fields[0] == ("sched_reset_on_fork", 17312, 1)
    assert fields[-1] == ("in_memstall", 17352, 1)
    assert len(fields) == 13


def test_integers_have_their_names_in_c(sample_program: drgn.Program) -> None:
    assert sample_program.type("unsigned long").name == "unsigned long"
    assert sample_program.type("struct list_head").members[0].type.type_name() == "struct list_head *"
    assert drgn.sizeof(sample_program.type("atomic_long_t")) == 8


def test_type_that_the_kernel_has_not_is_not_found(sample_program: drgn.Program) -> None:
    with pytest.raises(LookupError):
        sample_program.type("struct maple_tree")


def _types(fill: Callable[[BtfBuilder], object]) -> BtfTypes:
    builder = BtfBuilder()
    fill(builder)
    flags = drgn.PlatformFlags.IS_64_BIT | drgn.PlatformFlags.IS_LITTLE_ENDIAN
    program = drgn.Program(drgn.Platform(drgn.Architecture.X86_64, flags))
    return BtfTypes(program, Btf(builder.data(), "<"))


def _every_kind(builder: BtfBuilder) -> None:
    builder.integer("long unsigned int", 8)  # 1
    builder.integer("_Bool", 1, boolean=True)  # 2
    builder.add(Kind.FLOAT, "double", 8)  # 3
    builder.add(Kind.CONST, "", 1)  # 4
    builder.add(Kind.VOLATILE, "", 4)  # 5
    builder.ptr(5)  # 6
    builder.add(Kind.RESTRICT, "", 6)  # 7
    builder.add(Kind.TYPE_TAG, "user", 1)  # 8
    builder.ptr(8)  # 9
    builder.func_proto(0, [("count", 1), ("", 0)])  # 10
    builder.ptr(10)  # 11
    builder.array(11, 1, 3)  # 12
    builder.add(Kind.FWD, "hidden", 0)  # 13
    builder.add(Kind.FWD, "either", 0, flag=True)  # 14
    builder.struct("either", 8, [("a", 1, 0), ("b", 2, 0)], union=True)  # 15
    builder.integer("unsigned int", 4, bits=(3, 5))  # 16
    builder.struct("old", 4, [("field", 16, 0)])  # 17
    builder.add(Kind.DECL_TAG, "tag", 17, [0xFFFFFFFF])  # 18


def test_every_kind_of_type_is_made() -> None:
    types = _types(_every_kind)
    names = [types.type(type_id).type_name() for type_id in (1, 2, 3, 5, 7, 9, 12, 13, 14)]
    assert names == [
        "unsigned long",
        "_Bool",
        "double",
        "const volatile unsigned long",
        "const volatile unsigned long * restrict",
        "unsigned long *",
        "void (*[3])(unsigned long count, ...)",
        "struct hidden",
        "union either",
    ]
    assert not types.type(13).is_complete()
    assert drgn.sizeof(types.type(14)) == 8


def test_bit_field_of_the_old_kind_has_its_place_from_its_integer() -> None:
    (member,) = _types(_every_kind).type(17).members
    assert (member.bit_offset, member.bit_field_size) == (3, 5)


@pytest.mark.parametrize(
    "fill",
    [
        lambda builder: builder.typedef("self", 1),
        lambda builder: [builder.ptr(2), builder.add(Kind.CONST, "", 1)],
        lambda builder: builder.array(1, 1, 2),
        lambda builder: [builder.ptr(number + 2) for number in range(5000)],
        lambda builder: builder.typedef("t", 99),
        lambda builder: [builder.typedef("t", 2), builder.add(Kind.DATASEC, ".data", 0)],
    ],
)
def test_types_that_make_no_sense_are_refused(fill: Callable[[BtfBuilder], object]) -> None:
    with pytest.raises(DumpDamagedError):
        _types(fill).type(1)


def test_struct_that_points_at_itself_is_no_cycle() -> None:
    types = _types(lambda builder: [builder.struct("node", 8, [("next", 2, 0)]), builder.ptr(1)])
    assert types.type(1).member("next").type.type.type_name() == "struct node"
