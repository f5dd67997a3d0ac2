"""Signatures: what makes two crashes the same, and what does not."""

from __future__ import annotations

import pytest

from kdive.diagnosis.signature import family, normalised, signature


def test_text_is_readable_and_key_is_the_documented_hash() -> None:
    made = signature("null-deref", "ext4_readpage", "ext4")
    assert made.text == "kd1 null-deref:ext4_readpage:ext4"
    # b2sum -l 64 of "bad-access|ext4_readpage|ext4", in base32
    assert made.key == "m3rqkq53mg5yk"


def test_classes_of_one_family_share_the_bucket_and_others_do_not() -> None:
    assert family("kasan-uaf") == family("gpf") == "bad-access"
    assert signature("kasan-uaf", "f", "m").key == signature("page-fault", "f", "m").key
    assert signature("kasan-uaf", "f", "m").key != signature("kernel-bug", "f", "m").key


def test_the_kernel_and_a_module_are_told_apart() -> None:
    assert signature("gpf", "f", None).key == signature("gpf", "f", "").key
    assert signature("gpf", "f", None).key != signature("gpf", "f", "m").key
    assert signature("gpf", "f", None).text == "kd1 gpf:f:vmlinux"


@pytest.mark.parametrize(
    ("printed", "source"),
    [
        ("foo.isra.0", "foo"),
        ("foo.constprop.12", "foo"),
        ("foo.part.3.cold", "foo"),
        ("foo.cold", "foo"),
        ("foo.llvm.1234567", "foo"),
        ("foo.isra.0.cold.7", "foo"),
        ("__x64_sys_read", "sys_read"),
        ("__arm64_sys_read", "sys_read"),
        ("__do_sys_finit_module", "sys_finit_module"),
        ("SyS_read", "sys_read"),
        ("ksys_read", "ksys_read"),
        ("do_syscall_64", "do_syscall_64"),
        ("v3d_reset", "v3d_reset"),
    ],
)
def test_names_are_those_of_the_source(printed: str, source: str) -> None:
    assert normalised(printed) == source


def test_without_a_function_there_is_a_text_but_no_key() -> None:
    assert signature("mce", None, None).key == ""
    assert signature("mce", None, None).text == "kd1 mce"
    assert signature("none", None, None).text == ""
