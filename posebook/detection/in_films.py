"""A detector for the pictures of one film: it searches now and then, and reads in between.

Searching a whole picture takes far longer than reading a person whose place is known from the
picture before.
"""

from typing import Any, Protocol, runtime_checkable

from jaxtyping import UInt8
from torch import Tensor

from posebook.detection.found import AnyDetector, Found
from posebook.skeletons import Skeleton

#: Pictures until the next search for people: a second of most films. Whoever comes in is found
#: then, and a place that has slipped to somebody else is left.
EVERY = 30
#: The same where nobody is there, or somebody was lost since the last search.
SOON = 5
#: Pictures until the next glance for people who came in, or who are seen again, since the search.
GLANCE = 5


@runtime_checkable
class Searches(AnyDetector, Protocol):
    """A detector that can look again where it has looked before."""

    def search(self, picture: Tensor) -> tuple[Found, Any]:
        """Everybody in a picture, and their places in it."""
        ...

    def again(self, picture: Tensor, places: Any) -> tuple[Found, Any]:
        """Those of the picture before who are still there, and their places now."""
        ...


@runtime_checkable
class Glances(Searches, Protocol):
    """A detector that sees in little time whether there is somebody new."""

    def newcomers(self, picture: Tensor, places: Any) -> Any:
        """The places, and those of people who are in the picture besides."""
        ...


class InFilm:
    """An `AnyDetector` that is given the pictures of one film, one after the other.

    What it finds in a picture depends on those since the last search, which depends on none before.
    A picture of another size is searched.

    searched  whether the last picture was searched: whoever begins with this one finds the same
    """

    def __init__(
        self, detector: Searches, every: int = EVERY, soon: int = SOON, glance: int = GLANCE
    ):
        self.detector, self.every, self.soon, self.glance = detector, every, soon, glance
        self._places: Any = None
        self._people, self._since, self._lost = 0, 0, False
        self._size: tuple[int, ...] = ()
        self.searched = False

    @property
    def name(self) -> str:
        return self.detector.name

    @property
    def sha256(self) -> str:
        return self.detector.sha256

    @property
    def skeleton(self) -> Skeleton:
        return self.detector.skeleton

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """Everybody in the film's next picture who is known, or everybody where it is searched."""
        self._since += 1
        self.searched = tuple(picture.shape) != self._size or self._places is None or self._is_due
        if self.searched:
            found, self._places = self.detector.search(picture)
            self._people, self._since, self._size = len(found.scores), 0, tuple(picture.shape)
            self._lost = False
            return found
        if self._since % self.glance == 0 and isinstance(self.detector, Glances):
            self._places = self.detector.newcomers(picture, self._places)
        found, self._places = self.detector.again(picture, self._places)
        self._people = max(self._people, len(found.scores))
        self._lost |= len(found.scores) < self._people
        return found

    @property
    def _is_due(self) -> bool:
        return self._since >= (self.soon if self._lost or not self._people else self.every)


def of(detector: AnyDetector) -> AnyDetector:
    """The detector as films take it; one that cannot look again is taken as it is."""
    return InFilm(detector) if isinstance(detector, Searches) else detector
