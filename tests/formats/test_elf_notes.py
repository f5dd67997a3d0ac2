"""ELF notes: read back, and never past the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kdive.formats.elf_notes import notes
from tests.build_dump import note

NOTES = st.lists(
    st.tuples(st.from_regex(r"[A-Z]{1,12}", fullmatch=True), st.integers(0, 2**32 - 1), st.binary(max_size=40))
)


@given(NOTES, st.sampled_from("<>"))
def test_notes_are_read_back_in_order(written: list[tuple[str, int, bytes]], order: str) -> None:
    data = b"".join(note(*one, order=order) for one in written)  # type: ignore[arg-type]
    found = [(span.name, span.type, data[span.start : span.end]) for span in notes(data, order)]  # type: ignore[arg-type]
    assert found == written


@given(st.binary(max_size=400))
def test_noise_gives_only_notes_within_the_data(data: bytes) -> None:
    assert all(0 <= span.start <= span.end <= len(data) for span in notes(data, "<"))


def test_padding_ends_the_notes() -> None:
    data = note("CORE", 1, b"abcde") + bytes(4096) + note("LOST", 1, b"")
    assert [span.name for span in notes(data, "<")] == ["CORE"]
