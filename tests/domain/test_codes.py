"""Codes are short and plain; any other text is refused and not repeated in the message."""

from __future__ import annotations

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from domain.codes import CODE, SHA256, TextIsWrittenWrongly, require_written


@pytest.mark.parametrize("code", ["a", "0", "talent_pool", "us-ca", "v1.2", "x" * 64])
def test_codes(code: str) -> None:
    require_written(code, CODE, "source")


@pytest.mark.parametrize("text", ["", "A", "-a", "a b", "a\n", "x" * 65, "jos\u00e9", "a\x00"])
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(TextIsWrittenWrongly) as refused:
        require_written(text, CODE, "source")
    assert refused.value.where == "source"


def test_a_hash_is_64_hexadecimal_digits() -> None:
    require_written("0" * 64, SHA256, "notice_sha256")
    with pytest.raises(TextIsWrittenWrongly):
        require_written("0" * 63, SHA256, "notice_sha256")


@forall(st.emails())
def test_a_refusal_does_not_repeat_the_text(email: str) -> None:
    with pytest.raises(TextIsWrittenWrongly) as refused:
        require_written(email, CODE, "source")
    assert email not in str(refused.value)
