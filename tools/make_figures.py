"""Make the pictures in figures/ that the README shows, from the shipped lifter and samples.

python tools/make_figures.py        needs Chromium, for the stills
"""

import io

from PIL import Image
from skimage import data as photographs

from posebook import datasets, figures, lifting, paths
from posebook.skeletons import COCO_17, HOUSE

ALT = (
    "Left: a man at a tripod, his joints from nose to hips marked by hand. Right: the same man as "
    "a stick figure in space; the joints that nobody marked, legs and head among them, are hollow."
)


def main() -> None:
    people = datasets.read_keypoints(paths.DATA / "samples" / "photographs_coco.json", person="all")
    clip = next(person for person in people if "camera" in person.name)
    lifted = lifting.load("simple_baseline").lift(clip)
    missing = [j for j, seen in zip(HOUSE.joints, lifted.seen[0], strict=True) if not seen]
    halves = [
        figures.pose_2d(
            clip.keypoints_px[0], COCO_17, image=photographs.camera(), title="Marked by hand"
        ),
        figures.pose_3d(
            lifted.pose_mm[0], invented=sorted({*missing, *lifted.invented}), title="Lifted to 3D"
        ),
    ]
    drawn = [Image.open(io.BytesIO(figures.still(half, "png"))).convert("RGB") for half in halves]
    height = max(picture.height for picture in drawn)
    both = Image.new("RGB", (sum(picture.width for picture in drawn), height), "white")
    left = 0
    for picture in drawn:
        both.paste(picture, (left, (height - picture.height) // 2))
        left += picture.width
    folder = paths.CHECKOUT / "figures"
    folder.mkdir(exist_ok=True)
    both.quantize(128, dither=Image.Dither.NONE).save(folder / "quickstart.png", optimize=True)
    (folder / "quickstart.txt").write_text(ALT + "\n", encoding="utf-8")
    print(f"wrote {paths.shown(folder / 'quickstart.png')}")


if __name__ == "__main__":
    main()
