"""How a kernel keeps its log, by what its VMCOREINFO names: one layout per generation, the newest first.

Source: log_buf_vmcoreinfo_setup(), kernel/printk/printk.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdive.compat.members import Members
from kdive.errors import DumpDamagedError
from kdive.formats import vmcoreinfo
from kdive.formats.record import ByteOrder
from kdive.units import Address

Info = Mapping[str, str]


@dataclass(frozen=True)
class RingLayout:
    """Descriptors, infos and text in three arrays (v5.10 and later)."""

    prb: Address  # of the variable prb, a pointer to the ring
    word_size: int
    ring: Members  # count_bits, descs, infos, head_id, tail_id, size_bits, data
    desc: Members  # state_var, begin, next
    info: Members  # seq, ts_nsec, text_len, facility, flags and level, caller_id


@dataclass(frozen=True)
class RecordsLayout:
    """Records of variable length in one buffer (v3.5 to v5.9)."""

    log_buf: Address  # of the variable, a pointer
    log_buf_len: Address
    log_first_idx: Address
    log_next_idx: Address
    record: Members  # ts_nsec, len, text_len, dict_len, facility, flags and level; and caller_id, where it has one


@dataclass(frozen=True)
class BufferLayout:
    """One ring of characters (before v3.5)."""

    log_buf: Address  # of the variable, a pointer
    log_buf_len: Address
    log_end: Address
    logged_chars: Address | None


def ring_layout(info: Info, order: ByteOrder, word_size: int) -> RingLayout | None:
    """896fbe20b4e2 "printk: use the lockless ringbuffer", v5.10. Raises DumpDamagedError where a part is missing."""
    prb = vmcoreinfo.symbol(info, "prb")
    if prb is None:
        return None
    word = _word(word_size)
    desc_ring = _offset(info, "printk_ringbuffer.desc_ring")
    text_ring = _offset(info, "printk_ringbuffer.text_data_ring")
    counter = vmcoreinfo.offset(info, "atomic_long_t.counter") or 0
    ring = {
        "count_bits": (desc_ring + _offset(info, "prb_desc_ring.count_bits"), "I"),
        "descs": (desc_ring + _offset(info, "prb_desc_ring.descs"), word),
        "infos": (desc_ring + _offset(info, "prb_desc_ring.infos"), word),
        "head_id": (desc_ring + _offset(info, "prb_desc_ring.head_id") + counter, word),
        "tail_id": (desc_ring + _offset(info, "prb_desc_ring.tail_id") + counter, word),
        "size_bits": (text_ring + _offset(info, "prb_data_ring.size_bits"), "I"),
        "data": (text_ring + _offset(info, "prb_data_ring.data"), word),
    }
    lpos = _offset(info, "prb_desc.text_blk_lpos")
    desc = {
        "state_var": (_offset(info, "prb_desc.state_var") + counter, word),
        "begin": (lpos + _offset(info, "prb_data_blk_lpos.begin"), word),
        "next": (lpos + _offset(info, "prb_data_blk_lpos.next"), word),
    }
    text_len = _offset(info, "printk_info.text_len")
    printk_info = {
        "seq": (_offset(info, "printk_info.seq"), "Q"),
        "ts_nsec": (_offset(info, "printk_info.ts_nsec"), "Q"),
        "text_len": (text_len, "H"),
        # Not exported: u8 facility, u8 flags:5, u8 level:3 follow text_len in struct printk_info.
        "facility": (text_len + 2, "B"),
        "flags_level": (text_len + 3, "B"),
        "caller_id": (_offset(info, "printk_info.caller_id"), "I"),
    }
    return RingLayout(
        Address(prb),
        word_size,
        Members("printk_ringbuffer", _size(info, "printk_ringbuffer"), ring, order),
        Members("prb_desc", _size(info, "prb_desc"), desc, order),
        Members("printk_info", _size(info, "printk_info"), printk_info, order),
    )


def records_layout(info: Info, order: ByteOrder) -> RecordsLayout | None:
    """7ff9554bb578 "printk: convert byte-buffer to variable-length record buffer", v3.5.

    62e32ac3505a "printk: rename struct log to struct printk_log", v3.11; RHEL 7's 3.10 still has struct log.
    15ff2069cb7f "printk: Add caller information to printk() output.", v5.1: caller_id, where it is configured.
    """
    name = next((name for name in ("printk_log", "log") if f"SIZE({name})" in info), None)
    if name is None or vmcoreinfo.symbol(info, "log_first_idx") is None:
        return None
    text_len = _offset(info, f"{name}.text_len")
    dict_len = vmcoreinfo.offset(info, f"{name}.dict_len")
    dict_len = text_len + 2 if dict_len is None else dict_len
    members = {
        "ts_nsec": (_offset(info, f"{name}.ts_nsec"), "Q"),
        "len": (_offset(info, f"{name}.len"), "H"),
        "text_len": (text_len, "H"),
        "dict_len": (dict_len, "H"),
        # Not exported: u8 facility, u8 flags:5, u8 level:3 follow dict_len.
        "facility": (dict_len + 2, "B"),
        "flags_level": (dict_len + 3, "B"),
    }
    caller_id = vmcoreinfo.offset(info, f"{name}.caller_id")
    if caller_id is not None:
        members["caller_id"] = (caller_id, "I")
    record = Members(name, _size(info, name), members, order)
    return RecordsLayout(
        log_buf=_symbol(info, "log_buf"),
        log_buf_len=_symbol(info, "log_buf_len"),
        log_first_idx=_symbol(info, "log_first_idx"),
        log_next_idx=_symbol(info, "log_next_idx"),
        record=record,
    )


def buffer_layout(info: Info) -> BufferLayout | None:
    """The log of kernels that name log_end and no records."""
    log_buf, log_buf_len, log_end, logged_chars = (
        vmcoreinfo.symbol(info, name) for name in ("log_buf", "log_buf_len", "log_end", "logged_chars")
    )
    if log_buf is None or log_buf_len is None or log_end is None:
        return None
    chars = None if logged_chars is None else Address(logged_chars)
    return BufferLayout(Address(log_buf), Address(log_buf_len), Address(log_end), chars)


def _word(word_size: int) -> str:
    return "Q" if word_size == 8 else "I"


def _symbol(info: Info, name: str) -> Address:
    return Address(_required(vmcoreinfo.symbol(info, name), f"SYMBOL({name})"))


def _offset(info: Info, member: str) -> int:
    return _required(vmcoreinfo.offset(info, member), f"OFFSET({member})")


def _size(info: Info, name: str) -> int:
    return _required(vmcoreinfo.size(info, name), f"SIZE({name})")


def _required(value: int | None, name: str) -> int:
    if value is None or value < 0:
        raise DumpDamagedError(f"VMCOREINFO does not give {name}, so the log cannot be read")
    return value
