"""Proposals for fixed-width files: titles and trailers, positions, and numbers whose sign or point is not visible."""

from decimal import Decimal

import polars as pl
import pytest
from proposed_source import write_empty_workspace

from bankmesh.scaffolding.source_proposals.fixed_width import extend_fields
from bankmesh.scaffolding.source_proposals.source_proposal import ProposalOptions
from bankmesh.scaffolding.source_scaffold import NewSource, land_source, plan_source, write_source

WIDTH = 50
NAMES = ("Novak", "Svoboda", "Dvorak")


def detail(kind, n, name=None):
    return f"{kind}{n:06} {name or NAMES[n % 3]:<12}{n:>8}.50  {20240101 + n % 28}".ljust(WIDTH)


def details(kind, count=40):
    return [detail(kind, n) for n in range(1, count + 1)]


@pytest.fixture
def propose(tmp_path):
    """Propose for files of some lines, one for each day, and land them."""
    home = write_empty_workspace(tmp_path)
    (tmp_path / "host").mkdir()

    def propose(*files):
        paths = [tmp_path / "host" / f"loans_2024053{day}.txt" for day in range(len(files))]
        for path, lines in zip(paths, files, strict=True):
            path.write_text("\r\n".join(lines) + "\r\n", encoding="ascii", newline="")
        plan = plan_source(home, NewSource("shop", paths), ProposalOptions(kind="fixed_width"))
        write_source(plan)
        return plan, land_source(home, plan)

    return propose


def landed(landing):
    return pl.read_parquet(landing.rows_paths)


@pytest.mark.parametrize(
    ("title", "kind", "closing", "keys"),
    [
        ("0LOANS AT 31.05.2024 HEAD OFFICE", "1", "9000000040000012345F", {"selector", "records"}),
        ("HDRLOANS AT 31.05.2024", "DTL", "TRL0000400001234", {"selector", "records"}),
        ("H20240531", "0", "T00000040", {"title_lines", "end_lines"}),
    ],
)
def test_title_and_trailer_are_no_rows(propose, title, kind, closing, keys):
    lines = [title.ljust(WIDTH), *details(kind), closing.ljust(WIDTH)]
    plan, landing = propose(lines, lines)

    assert keys <= set(plan.proposal.format)
    assert (landing.rows, landing.rejects) == (80, 0)
    rows = landed(landing)
    number = f"{kind if 'title_lines' in keys else ''}000002"
    assert rows.row(1)[:3] == (number, "Dvorak", Decimal("2.50"))
    assert all(column.keys["required"] for column in plan.proposal.columns)
    assert "of each file" in plan.text


def test_a_header_alone_leaves_the_last_line_a_row(propose):
    plan, landing = propose(["0LOANS AT 31.05.2024".ljust(WIDTH), *details("1")])
    assert list(plan.proposal.format["records"]) == ["header", "detail"]
    assert landing.rows == 40
    assert "a count or a sum" not in plan.text


@pytest.mark.parametrize("lines", [[*details("1"), detail("2", 41)], ["0LOANS".ljust(WIDTH), *details("1", 5)]])
def test_a_doubtful_line_is_a_row_and_a_question(propose, lines):
    plan, landing = propose(lines)
    assert "selector" not in plan.proposal.format
    assert landing.rows + landing.rejects == len(lines)
    assert any("is a row here" in question for question in plan.proposal.questions)


def test_a_file_of_rows_alone_raises_no_question_about_its_lines(propose):
    plan, landing = propose(details("1"))
    assert landing.rows == 40
    assert not any("of each file a record" in question for question in plan.proposal.questions)


def test_a_longer_name_and_number_fit_their_columns(propose, tmp_path):
    plan, _ = propose(details("1"))
    columns = {column.header: (column.keys["start"], column.keys["length"]) for column in plan.proposal.columns}
    assert columns["column_2"][0] == 9
    assert sum(columns["column_2"]) > 9 + len("Prochazkova")
    assert sum(columns["column_2"]) == columns["column_3"][0]


@pytest.mark.parametrize(
    ("sides", "extended"),
    [
        (["right", "right", "right"], [(1, 5), (6, 5), (11, 10)]),
        (["left", "left", "left"], [(1, 2), (3, 5), (8, 5)]),
        (["right", "left", "none"], [(1, 4), (5, 3), (11, 2)]),
    ],
)
def test_columns_extend_over_blanks_to_their_neighbours(sides, extended):
    assert extend_fields([(1, 2), (6, 2), (11, 2)], sides, 0, 20) == extended


def test_numbers_without_a_visible_sign_or_point_are_questions(propose):
    signs = "{ABCDEFGHI}JKLMNOPQR"
    lines = [f"{n:>4} {n * 7:09}{signs[n % 20]} {n * 1_000_003:>12}" for n in range(1, 41)]
    plan, landing = propose(lines)
    small, overpunched, whole = plan.proposal.columns
    assert not small.questions
    assert "minus: overpunched" in overpunched.questions[0]
    assert "decimals: 2" in whole.questions[0]
    assert landed(landing).row(0)[:3] == (1, "000000007A", 1_000_003)
