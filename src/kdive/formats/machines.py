"""Architectures: how ELF, utsname and VMCOREINFO name them, and what follows from each."""

from __future__ import annotations

from kdive.formats.record import ByteOrder

# e_machine → name on little endian, name on big endian, bytes per word (0: as the ELF class says)
_ELF_MACHINES = {
    2: ("sparc", "sparc", 4),
    3: ("i686", "i686", 4),
    8: ("mipsel", "mips", 0),
    18: ("sparc", "sparc", 4),
    20: ("ppc", "ppc", 4),
    21: ("ppc64le", "ppc64", 8),
    22: ("s390", "s390", 0),
    40: ("arm", "arm", 4),
    42: ("sh4", "sh4", 4),
    43: ("sparc64", "sparc64", 8),
    50: ("ia64", "ia64", 8),
    62: ("x86_64", "x86_64", 8),
    183: ("aarch64", "aarch64", 8),
    243: ("riscv", "riscv", 0),
    258: ("loongarch", "loongarch", 0),
}
_SIXTY_FOUR_BITS = {
    "mips": "mips64",
    "mipsel": "mips64el",
    "s390": "s390x",
    "riscv": "riscv64",
    "loongarch": "loongarch64",
}
_THIRTY_TWO_BITS = {"riscv": "riscv32", "loongarch": "loongarch32"}


def of_elf(e_machine: int, elf_word_size: int, order: ByteOrder) -> tuple[str, int]:
    """Name as `uname -m` prints it ("" when unknown) and bytes per word of the machine's kernel.

    A 32-bit kernel may write its dump as ELF64 (PAE), so the machine decides where it can.
    """
    little, big, word_size = _ELF_MACHINES.get(e_machine, ("", "", 0))
    name = little if order == "<" else big
    if word_size == 0:
        word_size = elf_word_size
        name = (_SIXTY_FOUR_BITS if word_size == 8 else _THIRTY_TWO_BITS).get(name, name)
    return name, word_size


def of_utsname(machine: str, word_size: int = 8) -> str:
    """One name per architecture from what `uname -m` prints: i386 to i686 are "i686", armv7l is "arm".

    QEMU names its own machine, x86_64, also in the dump of a 32-bit guest: `word_size` (bytes) tells.
    """
    if machine == "x86_64" and word_size == 4:
        return "i686"
    if len(machine) == 4 and machine[0] == "i" and machine.endswith("86"):
        return "i686"
    if machine.startswith("arm") and not machine.startswith("arm64"):
        return "arm"
    return {"arm64": "aarch64", "amd64": "x86_64"}.get(machine, machine)


def e_machine(name: str) -> int:
    """The number of the architecture in ELF headers; 0 when it is unknown."""
    for number, (little, big, _) in _ELF_MACHINES.items():
        if name in (little, big, _SIXTY_FOUR_BITS.get(little), _SIXTY_FOUR_BITS.get(big), _THIRTY_TWO_BITS.get(little)):
            return number
    return 0
