"""What runs inside of the machine: an initramfs that crashes it, and one that saves the dump."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kdive.formats import cpio
from kdive.formats.cpio import CpioEntry
from kdive.lab.kernel import LabKernel
from kdive.lab.kernel_modules import DISK, modules
from kdive.lab.kind import MODULE, Kind

# What the guest says on its console, for the lab to read.
HELLO = "kdive-lab: hello"  # user space runs
READY = "kdive-lab: ready"  # the capture kernel is loaded, where there is one; the crash follows
NO_CAPTURE = "kdive-lab: no capture kernel"
TRIGGERED = "kdive-lab: triggered"
CAPTURING = "kdive-lab: capturing"
SAVED = "kdive-lab: saved"

_START = """\
#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin:/sbin
mkdir -p /proc /sys /dev /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
say() { echo "<2>$*" >/dev/kmsg; }
for module in $(cat /modules/order); do
    insmod /modules/$module.ko
done
"""

_HERE = f"""\
say() {{ echo "<2>$*" >/dev/kmsg; }}
here() {{
    read -r line </proc/self/stat
    set -- ${{line##*) }}
    say "{MODULE}: here pid=$$ cpu=${{37}} comm=$(cat /proc/$$/comm)"
}}
init_exit() {{ : >/exit; sleep 1000; }}
"""


def crash_script(kind: Kind, sysctl: Sequence[str]) -> str:
    """/init of the machine that crashes. `sysctl` are lines "kernel.sysrq=1" for every kind."""
    settings = "\n".join(f"sysctl -w {line} >/dev/null" for line in (*sysctl, *kind.sysctl))
    return f"""{_START}
{_HERE}
say "{HELLO}"
{settings}
{_LOAD if kind.dump_by == "kdump" else ""}
rm -r /capture
say "{READY}"
/trigger &
say "{TRIGGERED}"
while [ ! -e /exit ]; do sleep 1; done
here
exit 3
"""


# An old kernel call where the new one is missing. A kernel without data symbols in kallsyms (KALLSYMS_ALL off) misleads
# kexec about where the kernel lies, so that reading /proc/vmcore fails: two lines bound over kallsyms tell it.
_LOAD = f"""\
kallsyms() {{
    grep -q ' _end$' /proc/kallsyms && return
    start=$(sed -n 's/ [Tt] _stext$//p' /proc/kallsyms)
    end=$(sed -n 's/^ *[0-9a-f]*-\\([0-9a-f]*\\) : Kernel data$/\\1/p' /proc/iomem)
    code=$(sed -n 's/^ *\\([0-9a-f]*\\)-[0-9a-f]* : Kernel code$/\\1/p' /proc/iomem)
    text=$((0x$start & ~0x1fffff))
    cp /proc/kallsyms /tmp/kallsyms
    printf '%x T _text\\n%x D _end\\n' $text $((text + 0x$end - (0x$code & ~0x1fffff) + 1)) >>/tmp/kallsyms
    mount -o bind /tmp/kallsyms /proc/kallsyms
}}
command="$(cat /capture/cmdline)"
kexec -p -s /capture/vmlinuz --initrd=/capture/initrd --command-line="$command" 2>/tmp/kexec ||
    {{ kallsyms; kexec -p -c /capture/vmlinuz --initrd=/capture/initrd --command-line="$command" 2>>/tmp/kexec; }}
if [ "$(cat /sys/kernel/kexec_crash_loaded)" != 1 ]; then
    say "{NO_CAPTURE}: $(tr '\\n' ' ' </tmp/kexec)"
    poweroff -f
fi
"""


def capture_script() -> str:
    """/init of the capture kernel: copies /proc/vmcore to the disk, as it is."""
    return f"""{_START}
say "{CAPTURING}"
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
dd if=/proc/vmcore of=/dev/vda bs=1M 2>/tmp/dd && sync && say "{SAVED}" || say "kdive-lab: dd: $(cat /tmp/dd)"
poweroff -f
"""


def probe_initramfs(tree: Path) -> bytes:
    """An initramfs that says hello and switches off."""
    return cpio.archive(
        [
            cpio.file("init", f'{_START}\nsay "{HELLO}"\npoweroff -f\n'.encode(), executable=True),
            cpio.file("bin/busybox", _busybox(tree), executable=True),
            cpio.link("bin/sh", "busybox"),
            cpio.file("modules/order", b""),
        ]
    )


def trigger_script(name: str, kind: Kind) -> str:
    """The program that brings the crash about; its comm is "trigger"."""
    lines = kind.script or (f"exec insmod /{MODULE}.ko kind={name}",)
    return "#!/bin/sh\n" + _HERE + "\n".join(lines) + "\n"


def capture_initramfs(kernel: LabKernel, tree: Path) -> bytes:
    return cpio.archive(
        [
            cpio.file("init", capture_script().encode(), executable=True),
            cpio.file("bin/busybox", _busybox(tree), executable=True),
            cpio.link("bin/sh", "busybox"),
            *_modules(kernel, DISK),
        ]
    )


def crash_initramfs(
    name: str,
    kind: Kind,
    kernel: LabKernel,
    tree: Path,
    *,
    module: Path | None,
    capture_cmdline: str,
    sysctl: Sequence[str],
) -> bytes:
    """The initramfs of the machine that crashes; `tree` is the guest's user space, `module` the zoo's."""
    entries = [
        cpio.file("init", crash_script(kind, sysctl).encode(), executable=True),
        cpio.file("trigger", trigger_script(name, kind).encode(), executable=True),
        cpio.link("bin/sh", "busybox"),
        *_tree(tree),
        *_modules(kernel, (*DISK, "qemu_fw_cfg", *kind.modules)),
        cpio.folder("capture"),
    ]
    if module:
        entries.append(cpio.file(f"{MODULE}.ko", module.read_bytes()))
    if kind.dump_by == "kdump":
        entries += [
            cpio.file("capture/vmlinuz", kernel.vmlinuz.read_bytes()),
            cpio.file("capture/initrd", capture_initramfs(kernel, tree)),
            cpio.file("capture/cmdline", capture_cmdline.encode()),
        ]
    return cpio.archive(entries)


def _busybox(tree: Path) -> bytes:
    return (tree / "bin" / "busybox").read_bytes()


def _modules(kernel: LabKernel, names: Sequence[str]) -> Iterator[CpioEntry]:
    found = modules(kernel, names)
    yield cpio.file("modules/order", " ".join(name for name, _ in found).encode())
    for name, data in found:
        yield cpio.file(f"modules/{name}.ko", data)


def _tree(tree: Path) -> Iterator[CpioEntry]:
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if path.is_symlink():
            yield cpio.link(name, str(path.readlink()))
        elif path.is_dir():
            yield cpio.folder(name)
        elif path.is_file():
            yield cpio.file(name, path.read_bytes(), executable=bool(path.stat().st_mode & 0o111))
