"""What a lift wrote, and what to tell the one who asked for it."""

from dataclasses import dataclass
from pathlib import Path

from posebook import paths
from posebook.evaluation import score_table
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses


@dataclass(frozen=True)
class Lift:
    """One person's poses, and the files they were written to."""

    poses: Poses
    files: tuple[Path, ...]

    def lines(self) -> list[str]:
        count = len(self.poses)
        lines = [f"{count} frame{'s' * (count != 1)} lifted with {self.poses.lifter}"]
        lines += [f"- {note}" for note in self.poses.notes]
        if self.poses.scores:
            lines += ["", str(score_table(self.poses.scores))]
        return lines + [""] + [f"{path.suffix[1:]:<5} {paths.shown(path)}" for path in self.files]


@dataclass(frozen=True)
class LiftResult:
    """What `lift_file` wrote, and what to tell the one who asked for it.

    lifts  one for each person, film or motion that was lifted; mostly one
    notes  what was left out of the file
    page   the one page with everybody, where there are several people; film: the MP4 beside it
    """

    lifts: tuple[Lift, ...]
    notes: tuple[Note, ...] = ()
    page: Path | None = None
    film: Path | None = None

    @property
    def poses(self) -> Poses:
        return self.lifts[0].poses

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for lift in self.lifts for path in lift.files)

    def __str__(self) -> str:
        """The report, for people."""
        lines = [str(note) for note in self.notes]
        for count, lift in enumerate(self.lifts, 1):
            if len(self.lifts) > 1:
                lines += ["", f"== {count} of {len(self.lifts)}: {lift.poses.clip}"]
            lines += lift.lines()
        if self.page is not None:
            lines += ["", "everybody on one page:", f"html  {paths.shown(self.page)}"]
            lines += [f"mp4   {paths.shown(self.film)}"] if self.film else []
        return "\n".join(lines)
