"""Fields of copybooks with writers and values of their own making, for properties of readers and proposals."""

from decimal import Decimal

from copybook_samples import binary, packed, text, zoned
from hypothesis import strategies as st

BINARY_SIZES = ((4, 2), (9, 4), (18, 8))
LETTERS = "ABCXYZabcxyz0189 äöüßÄÖÜ.,-/&é"


@st.composite
def number_fields(draw):
    """A numeric field: its clauses, the declared type, and a writer of its values."""
    usage = draw(st.sampled_from(["DISPLAY", "COMP-3", "COMP"]))
    digits = draw(st.integers(1, 18 if usage == "COMP" else 31))
    scale = draw(st.integers(0, digits))
    signed = draw(st.booleans())
    leading, separate = draw(st.booleans()), draw(st.booleans())
    whole, places = digits - scale, f"V9({scale})" if scale else ""
    picture = f"PIC {'S' if signed else ''}{f'9({whole})' if whole else ''}{places} {usage}"
    if usage == "DISPLAY" and signed:
        picture += f" SIGN {'LEADING' if leading else 'TRAILING'}{' SEPARATE' if separate else ''}"

    def write(value):
        if usage == "COMP-3":
            return packed(value, digits, scale, signed=signed)
        if usage == "COMP":
            size = next(size for most, size in BINARY_SIZES if digits <= most)
            return binary(value, size, scale, signed=signed)
        return zoned(value, digits, scale, signed=signed, leading=leading, separate=separate)

    extra = draw(st.integers(0, 38 - digits))
    kind = f"decimal({digits + extra},{scale + draw(st.integers(0, extra))})"
    low = -(10**digits - 1) if signed else 0
    values = st.integers(low, 10**digits - 1).map(
        lambda unscaled: Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -scale))
    )
    return picture, kind, write, values


@st.composite
def text_fields(draw):
    size = draw(st.integers(1, 9))
    values = st.text(LETTERS, max_size=size).map(lambda value: value.rstrip(" ") or None)
    return f"PIC X({size})", "string", lambda value: text(value or "", size), values
