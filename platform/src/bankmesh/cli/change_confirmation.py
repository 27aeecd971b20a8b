"""A planned change of the workspace's files: it is shown, confirmed, and written as a whole."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.output import console, count, print_json
from bankmesh.errors import BankmeshError, shorten_list
from bankmesh.workspace.file_transaction import has_interrupted, restore_interrupted

if TYPE_CHECKING:
    from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Write the changes without a prompt, for scripts.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the changes, and write nothing.")]
_SHOWN_PLACES = 20


class NotConfirmed(BankmeshError):
    """A change needs a confirmation that nobody can give; nothing was written."""

    is_wrong_call = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"Nothing written: {reason}. Add --yes to write the changes, or --dry-run to see them.")


class InterruptedChange(BankmeshError):
    """A change was interrupted earlier, and the workspace has not been restored."""

    def __init__(self) -> None:
        super().__init__(
            "An earlier change of the workspace was interrupted. "
            "Run the command without --dry-run, which undoes that change first."
        )


def undo_interrupted(root: Path, *, dry_run: bool) -> None:
    """Undo a change that a kill has interrupted, and report it. Raises RestoreConflict, InterruptedChange."""
    if dry_run and has_interrupted(root):
        raise InterruptedChange
    with uninterrupted():
        restored = restore_interrupted(root)
    if restored:
        names = shorten_list(path.relative_to(root).as_posix() for path in restored)
        sys.stderr.write(f"mesh: an earlier change was interrupted; restored {names}\n")


def carry_out(plan: ChangePlan, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Show a plan, and write it once it is confirmed. Raises NotConfirmed, ChangedMeanwhile."""
    if as_json and not (yes or dry_run):
        raise NotConfirmed("--json has no prompt")
    if not as_json:
        _show(plan)
    if not (yes or dry_run):
        if not sys.stdin.isatty():
            raise NotConfirmed("there is no terminal to confirm it")
        typer.confirm("Write these changes?", abort=True)
    if not dry_run:
        with uninterrupted():
            plan.write()
    if as_json:
        print_json(plan_facts(plan, is_written=not dry_run))
        return
    console().print("Nothing was written (--dry-run)." if dry_run else f"Done: {plan.what}.", markup=False)
    if not dry_run:
        for step in plan.next_steps:
            console().print(f"Next: {step}", markup=False)


def plan_facts(plan: ChangePlan, *, is_written: bool) -> dict[str, object]:
    """Return the JSON output."""
    return {
        "change": plan.what,
        "written": is_written,
        "files": [{"action": action, "path": path} for action, path in plan.actions()],
        "notes": list(plan.notes),
        "review": [asdict(place.relative_to(plan.root)) for place in plan.review],
        "next": list(plan.next_steps),
    }


def _show(plan: ChangePlan) -> None:
    out = console()
    for action, path in plan.actions():
        out.print(f"{action:<7} {path}", markup=False)
    for difference in plan.differences():
        out.print(difference, markup=False)
    for note in plan.notes:
        out.print(note, markup=False)
    if plan.review:
        places = [str(place.relative_to(plan.root)) for place in plan.review]
        out.print(
            f"Review {count(len(places))} other places that name it: {shorten_list(places, _SHOWN_PLACES)}",
            markup=False,
        )
