"""The rung "btf": names and types out of the dump's own memory."""

from __future__ import annotations

import drgn

from kdive.errors import DumpDamagedError, ReadError
from kdive.formats.btf import LIMIT_BYTES, Btf
from kdive.memory.memory import Memory
from kdive.symbols.btf_objects import BtfObjects
from kdive.symbols.btf_types import BtfTypes
from kdive.symbols.found_variables import FoundVariables
from kdive.symbols.image import Image
from kdive.symbols.kallsyms_tables import read_kallsyms
from kdive.symbols.module_btf import ModuleTypes
from kdive.symbols.names import KernelNames
from kdive.symbols.program import open_program


def load_btf(memory: Memory) -> tuple[drgn.Program, KernelNames]:
    """A program that knows the kernel's names and types.

    Raises KdiveError subclasses that say why not: no kallsyms, no BTF, one that lies, pages that were excluded.
    """
    names = KernelNames(read_kallsyms(memory))
    image = None if names.has_variables else Image(memory, names)
    btf = Btf(_read_btf(memory, names) if image is None else image.btf(), memory.dump.order)
    program = open_program(memory)
    program.register_symbol_finder("kallsyms", names.find, enable_index=0)
    types = BtfTypes(program, btf)
    program.register_type_finder("btf", types.find, enable_index=0)
    module_types = ModuleTypes(memory, program, btf, types)
    program.register_type_finder("module btf", module_types.find, enable_index=1)
    found = None if image is None else FoundVariables(memory, program, types, image)
    objects = BtfObjects(program, types, names, found)
    program.register_object_finder("btf", objects.find, enable_index=-1)
    return program, names


def kernel_names(memory: Memory) -> KernelNames | None:
    """What the dump's own kallsyms say; None where they cannot be read."""
    try:
        return KernelNames(read_kallsyms(memory))
    except ReadError:
        return None


def _read_btf(memory: Memory, names: KernelNames) -> bytes:
    start, end = names.address("__start_BTF"), names.address("__stop_BTF")
    if start is None or end is None:
        raise ReadError("this kernel carries no BTF")
    if not 0 < end - start <= LIMIT_BYTES:
        raise DumpDamagedError(f"the BTF cannot have {end - start} bytes")
    return memory.read(start, end - start)
