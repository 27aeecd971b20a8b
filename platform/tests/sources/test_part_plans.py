"""How files are divided into parts: in order, each once, what is known taken over, and never too many small parts."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bankmesh.sources.export_files import DeliveredFile
from bankmesh.sources.landing_parts import MOST_SMALL, PART_BYTES, EarlierPart, PlannedPart, earlier_parts, plan_parts
from bankmesh.sources.landing_record import LandedFile, LandedPart, Landing

DAY, MONTH = 3_000, PART_BYTES + 1
names = st.integers(0, 30).map(lambda number: f"{number:03}")
sizes = st.sampled_from([1, DAY, PART_BYTES - 1, PART_BYTES, MONTH])
records = st.lists(st.builds(LandedFile, names, sizes, st.sampled_from("ab")), unique_by=lambda record: record.name)
deliveries = records.map(lambda found: sorted(found, key=lambda record: record.name))


def plan(files: list[LandedFile], earlier: list[EarlierPart]) -> list[PlannedPart]:
    return plan_parts([DeliveredFile(Path(file.name), file, ()) for file in files], earlier)


def made(planned: list[PlannedPart], landing: str = "f") -> list[EarlierPart]:
    """The parts of a landing that was made by a plan."""
    parts = [LandedPart(len(part.files), 1, 1, 0, 0, None, LandedFile("", 0, ""), None) for part in planned]
    files = [file.record for part in planned for file in part.files]
    record = dict.fromkeys(Landing.__dataclass_fields__) | {"fingerprint": landing, "parts": parts, "files": files}
    return list(earlier_parts(Landing(**record | {"files": tuple(files)})))  # type: ignore[arg-type]


def small_runs(planned: list[PlannedPart]) -> list[int]:
    """How many small parts follow each other, wherever there are some."""
    text = "".join("s" if part.is_small else " " for part in planned)
    return [len(run) for run in text.split()]


@given(st.lists(deliveries, max_size=4), deliveries)
def test_every_file_is_in_one_part_in_order_and_taken_only_from_where_it_is_whole(before, files):
    earlier: list[EarlierPart] = []
    for delivery in before:
        earlier = [*made(plan(delivery, earlier)), *earlier]
    planned = plan(files, earlier)
    assert [file.record for part in planned for file in part.files] == files
    for part in planned:
        assert part.earlier is None or tuple(file.record for file in part.files) == part.earlier.files
    assert max(small_runs(planned), default=0) <= MOST_SMALL
    assert all(part.files for part in planned) or not files
    # What was not known is together in parts of a bounded size: none goes on after it is large enough.
    assert all(sum(f.record.size for f in p.files[:-1]) < PART_BYTES for p in planned if p.earlier is None)


@given(deliveries)
def test_the_same_files_are_all_taken_over(files):
    planned = plan(files, made(plan(files, [])))
    assert all(part.earlier for part in planned if part.files)
    assert planned != []


@given(deliveries, st.data())
def test_one_more_file_has_only_small_neighbours_parsed_with_it(files, data):
    new = LandedFile(f"{data.draw(st.integers(0, 30)):03}x", data.draw(sizes), "a")
    planned = plan(sorted([*files, new], key=lambda record: record.name), made(plan(files, [])))
    parsed = [file.record for part in planned if part.earlier is None for file in part.files]
    assert new in parsed
    # A file in the middle divides one part; nothing else is parsed.
    assert len(parsed) == 1 or sum(record.size for record in parsed if record != new) < PART_BYTES + MONTH


def test_years_of_small_daily_files_stay_few_parts_and_each_landing_parses_little():
    size, days = PART_BYTES // 100, 500
    files: list[LandedFile] = []
    earlier: list[EarlierPart] = []
    parsed = []
    for day in range(days):
        files.append(LandedFile(f"{day:05}", size, "a"))
        planned = plan(files, earlier)
        parsed.append(sum(part.size for part in planned if part.earlier is None))
        earlier = made(planned)
    assert len(earlier) <= days // 100 + MOST_SMALL
    assert max(parsed) < PART_BYTES + MOST_SMALL * size
    assert sum(amount > size for amount in parsed) <= days // MOST_SMALL + 1


def test_large_files_are_parts_of_their_own_and_without_files_there_is_one_part():
    files = [LandedFile(f"{month:03}", MONTH, "a") for month in range(84)]
    assert [len(part.files) for part in plan(files, [])] == [1] * 84
    assert plan([], []) == [PlannedPart(())]
