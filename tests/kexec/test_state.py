"""What the kernel says of kexec, read from recorded trees."""

from __future__ import annotations

from pathlib import Path

from kdive.facts.missing import Missing
from kdive.kexec.state import Range, State, read_state
from kdive.units import Address, ByteCount


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


OLD_NAMES = {
    "sys/kernel/kexec_loaded": "0\n",
    "sys/kernel/kexec_crash_loaded": "1\n",
    "sys/kernel/kexec_crash_size": "268435456\n",
    "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    "proc/sys/kernel/kexec_load_disabled": "0\n",
    "proc/sys/kernel/kexec_load_limit_panic": "3\n",
    "proc/sys/kernel/kexec_load_limit_reboot": "-1\n",
    "proc/iomem": "00001000-0009fbff : System RAM\n  2f000000-3effffff : Crash kernel\n",
}


def test_the_files_of_a_kernel_before_7_0_are_read(tmp_path: Path) -> None:
    state = read_state(tree(tmp_path, OLD_NAMES))
    assert (state.loaded, state.crash_loaded, state.crash_size) == (False, True, 256 << 20)
    assert state.reserved == (Range(Address(0x2F000000), Address(0x3F000000)),)
    assert (state.lockdown, state.load_disabled) == ("integrity", False)
    assert (state.load_limit_panic, state.load_limit_reboot) == (3, -1)


def test_the_new_names_win_over_the_old(tmp_path: Path) -> None:
    new = {"sys/kernel/kexec/crash_size": "4096\n", "sys/kernel/kexec/crash_loaded": "0\n"}
    state = read_state(tree(tmp_path, OLD_NAMES | new))
    assert (state.crash_size, state.crash_loaded) == (ByteCount(4096), False)


def test_what_a_kernel_does_not_say_is_missing_with_the_file_that_is_not_there(tmp_path: Path) -> None:
    state = read_state(tmp_path)
    assert state.loaded == Missing("this kernel has no /sys/kernel/kexec_loaded")
    assert all(isinstance(value, Missing) for value in vars(state).values())
    assert isinstance(state, State)


def test_addresses_that_only_root_may_see_are_missing_not_zero(tmp_path: Path) -> None:
    hidden = {"proc/iomem": "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n"}
    assert read_state(tree(tmp_path, hidden)).reserved == Missing("/proc/iomem shows addresses to root alone")


def test_a_file_with_something_else_in_it_is_missing(tmp_path: Path) -> None:
    odd = {"sys/kernel/kexec_crash_size": "many\n", "sys/kernel/security/lockdown": "\n"}
    state = read_state(tree(tmp_path, odd))
    assert state.crash_size == Missing("not a number: many")
    assert state.lockdown == Missing("/sys/kernel/security/lockdown names no level")
