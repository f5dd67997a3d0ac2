"""Installed kernels are found as each boot loader knows them, over trees as distributions leave them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.kexec.boot.entry import version_key
from kdive.kexec.boot.find import choose, entries
from kdive.kexec.boot.grub import read_grub
from kdive.kexec.plan import LoadError
from kdive.kexec.reboot import Changes, make_request
from tests.kexec.images import unified, x86

RUNNING = "BOOT_IMAGE=/vmlinuz root=UUID=run ro quiet"

DEBIAN = """\
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
else
   set default="%s"
fi
function gfxmode {
    set gfxpayload="${1}"
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-2f' {
    insmod part_gpt
    if [ x$feature_platform_search_hint = xy ]; then
      search --no-floppy --fs-uuid --set=root 2f
    fi
    echo 'Loading Linux 6.1.0-20-amd64 ...'
    linux /boot/vmlinuz-6.1.0-20-amd64 root=UUID=2f ro  quiet "dyndbg=file a.c +p"
    initrd /boot/initrd.img-6.1.0-20-amd64
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-2f' {
    menuentry 'Debian, with Linux 6.1.0-20-amd64' $menuentry_id_option 'gnulinux-6.1.0-20-amd64-advanced-2f' {
        linux /boot/vmlinuz-6.1.0-20-amd64 root=UUID=2f ro quiet
        initrd /boot/initrd.img-6.1.0-20-amd64
    }
    menuentry 'Debian, with Linux 6.1.0-20-amd64 (recovery mode)' $menuentry_id_option 'recovery-20' {
        linux /boot/vmlinuz-6.1.0-20-amd64 root=UUID=2f ro single
        initrd /boot/initrd.img-6.1.0-20-amd64
    }
    menuentry 'Debian, with Linux 6.1.0-9-amd64' $menuentry_id_option 'gnulinux-6.1.0-9-amd64-advanced-2f' {
        linux /boot/vmlinuz-6.1.0-9-amd64 root=UUID=2f ro quiet nine
        initrd /boot/initrd.img-6.1.0-9-amd64
    }
}
menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
    fwsetup
}
"""
NINE = "gnulinux-advanced-2f>gnulinux-6.1.0-9-amd64-advanced-2f"


def put(root: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def debian(root: Path, default: str = "0", **more: str) -> Path:
    kernels: dict[str, bytes | str] = {
        f"boot/{name}-{version}": x86(version)
        for version in ("6.1.0-20-amd64", "6.1.0-9-amd64")
        for name in ("vmlinuz", "initrd.img")
    }
    return put(root, {**kernels, "boot/grub/grub.cfg": DEBIAN % default, **more})


def test_debians_grub_starts_its_first_entry(tmp_path: Path) -> None:
    entry = choose(entries(debian(tmp_path)))
    assert (entry.source, entry.title, entry.version) == ("GRUB", "Debian GNU/Linux", "6.1.0-20-amd64")
    assert entry.kernel == tmp_path / "boot/vmlinuz-6.1.0-20-amd64"
    assert entry.initrds == (tmp_path / "boot/initrd.img-6.1.0-20-amd64",)
    assert entry.cmdline == 'root=UUID=2f ro quiet "dyndbg=file a.c +p"'


@pytest.mark.parametrize("default", ["1>2", NINE, "Advanced options>Debian, with Linux 6.1.0-9-amd64"])
def test_grubs_default_leads_through_menus_by_number_id_and_title(default: str, tmp_path: Path) -> None:
    entry = choose(entries(debian(tmp_path, default)))
    assert (entry.version, entry.cmdline) == ("6.1.0-9-amd64", "root=UUID=2f ro quiet nine")


def test_a_default_that_grub_saved_and_one_for_the_next_boot_alone_count(tmp_path: Path) -> None:
    environment = "# GRUB Environment Block\nsaved_entry=%s\n####\n"
    root = debian(tmp_path, "${saved_entry}", **{"boot/grub/grubenv": environment % NINE})
    assert choose(entries(root)).version == "6.1.0-9-amd64"
    put(root, {"boot/grub/grubenv": (environment % NINE) + "next_entry=0\n"})
    assert choose(entries(root)).version == "6.1.0-20-amd64"


def test_a_version_chooses_the_plain_entry_not_the_one_for_recovery(tmp_path: Path) -> None:
    known = entries(debian(tmp_path))
    assert choose(known, "6.1.0-20-amd64").title == "Debian GNU/Linux"
    assert choose(known, "6.1").version == "6.1.0-20-amd64"  # 20 is newer than 9
    assert choose(known, "6.1.0-9").cmdline == "root=UUID=2f ro quiet nine"
    with pytest.raises(LoadError) as refused:
        choose(known, "5.10")
    assert refused.value.hint == "there are 6.1.0-20-amd64, 6.1.0-9-amd64"


FEDORA_ID = "0123456789abcdef"
FEDORA = {
    "boot/grub2/grub.cfg": 'set default="${saved_entry}"\nset kernelopts="root=UUID=fe ro"\nblscfg\n',
    "boot/grub2/grubenv": f"# GRUB Environment Block\nsaved_entry={FEDORA_ID}-6.8.5-301.fc40.x86_64\n",
    **{
        f"boot/loader/entries/{FEDORA_ID}-{version}.conf": (
            f"title Fedora Linux ({version})\nversion {version}\nlinux /vmlinuz-{version}\n"
            f"initrd /initramfs-{version}.img $tuned_initrd\noptions $kernelopts rhgb $tuned_params\n"
        )
        for version in ("6.8.5-301.fc40.x86_64", "6.11.3-200.fc40.x86_64")
    },
}


def fedora(root: Path) -> Path:
    kernels: dict[str, bytes | str] = {
        f"boot/{pattern.format(version)}": x86(version)
        for version in ("6.8.5-301.fc40.x86_64", "6.11.3-200.fc40.x86_64")
        for pattern in ("vmlinuz-{}", "initramfs-{}.img")
    }
    return put(root, {**kernels, **FEDORA})


def test_fedoras_grub_reads_entries_of_the_boot_loader_specification(tmp_path: Path) -> None:
    entry = choose(entries(fedora(tmp_path)))
    assert (entry.source, entry.version) == ("BLS", "6.8.5-301.fc40.x86_64")
    assert entry.cmdline == "root=UUID=fe ro rhgb"
    assert entry.kernel == tmp_path / "boot/vmlinuz-6.8.5-301.fc40.x86_64"  # /boot is a partition of its own
    assert entry.initrds == (tmp_path / "boot/initramfs-6.8.5-301.fc40.x86_64.img",)
    assert choose(entries(tmp_path), "6").version == "6.11.3-200.fc40.x86_64"


def test_without_a_saved_entry_the_newest_is_started(tmp_path: Path) -> None:
    fedora(tmp_path)
    (tmp_path / "boot/grub2/grubenv").unlink()
    assert choose(entries(tmp_path)).version == "6.11.3-200.fc40.x86_64"


def test_systemd_boot_starts_what_loader_conf_names(tmp_path: Path) -> None:
    entry = (
        "title Arch\nversion {0}\nlinux /arch/{0}/linux\ninitrd /ucode.img\ninitrd /arch/{0}/initrd\n"
        "options root=LABEL=a $HOME\n"
    )
    root = put(
        tmp_path,
        {
            "efi/loader/loader.conf": "timeout 3\ndefault arch-6.9*\n",
            "efi/loader/entries/arch-6.9.conf": entry.format("6.9"),
            "efi/loader/entries/arch-6.12.conf": entry.format("6.12"),
            "efi/loader/entries/tool.conf": "title Memtest\nefi /memtest.efi\n",
            **{f"efi/arch/{version}/{name}": x86() for version in ("6.9", "6.12") for name in ("linux", "initrd")},
            "efi/ucode.img": "microcode",
        },
    )
    chosen = choose(entries(root))
    assert (chosen.version, chosen.cmdline) == ("6.9", "root=LABEL=a $HOME")  # it knows no variables
    assert chosen.initrds == (root / "efi/ucode.img", root / "efi/arch/6.9/initrd")


def test_unified_images_are_found_by_what_is_in_them(tmp_path: Path) -> None:
    image = unified({".linux": x86("6.12.1"), ".uname": b"6.12.1\0", ".cmdline": b"root=LABEL=u", ".initrd": b"i"})
    root = put(
        tmp_path,
        {
            "efi/EFI/Linux/a.efi": image,
            "efi/EFI/Linux/shell.efi": unified({".text": b""}),
            "efi/EFI/Linux/b.efi": b"MZ",
        },
    )
    known = entries(root)
    assert [(entry.source, entry.version) for entry in known] == [("UKI", "6.12.1")]
    wanted = make_request(known[0], RUNNING, Changes(append=("debug",)))
    assert (wanted.cmdline.cmdline, wanted.cmdline.append, wanted.initrds) == (None, ("debug",), ())


def test_without_a_boot_loader_the_files_of_boot_are_used_with_the_running_command_line(tmp_path: Path) -> None:
    root = put(tmp_path, {f"boot/{name}": x86() for name in ("vmlinuz-6.9.1", "initramfs-6.9.1.img", "vmlinuz-6.12.0")})
    known = entries(root)
    assert choose(known).version == "6.12.0"
    with pytest.raises(LoadError, match="has no initramfs"):
        make_request(choose(known), RUNNING, Changes())
    wanted = make_request(choose(known, "6.9.1"), RUNNING, Changes(remove=("quiet",)))
    assert wanted.cmdline.reuse and wanted.cmdline.remove == ("quiet",)
    assert wanted.initrds == (root / "boot/initramfs-6.9.1.img",)


def test_an_entry_without_a_root_gets_that_of_the_running_kernel(tmp_path: Path) -> None:
    root = fedora(tmp_path)
    (root / "boot/grub2/grub.cfg").write_text("blscfg\n")
    wanted = make_request(choose(entries(root), "6.8.5-301.fc40.x86_64"), RUNNING, Changes())
    assert wanted.cmdline.cmdline == "rhgb root=UUID=run"


def test_an_initramfs_that_is_gone_stops_the_reboot(tmp_path: Path) -> None:
    root = debian(tmp_path)
    (root / "boot/initrd.img-6.1.0-20-amd64").unlink()
    with pytest.raises(LoadError) as refused:
        make_request(choose(entries(root)), RUNNING, Changes())
    assert "update-initramfs -c -k 6.1.0-20-amd64" in refused.value.hint
    assert make_request(choose(entries(root)), RUNNING, Changes(without_initrd=True)).initrds == ()


def test_an_empty_machine_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no installed kernel is found"):
        choose(entries(tmp_path))


def test_versions_sort_as_people_sort_them() -> None:
    known = ["6.12.0-rc1", "6.9.1", "6.12.0", "6.12.0-1", "5.10.0-32"]
    assert sorted(known, key=version_key) == ["5.10.0-32", "6.9.1", "6.12.0-rc1", "6.12.0", "6.12.0-1"]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*DEBIAN.splitlines(), "}", "submenu 'a' x {", "menuentry 'b", "linux", "{"]), max_size=60)
)
def test_any_configuration_is_read_without_running_it(lines: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = put(Path(folder), {"boot/grub/grub.cfg": "\n".join(lines)})
        assert all(entry.kernel for entry in read_grub(root).entries)
