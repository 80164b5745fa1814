"""Who somebody is: a body drawn at random, from children to old people, of both sexes."""

import json
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.datasets.pictures.body import load_body, members
from posebook.errors import InputError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Person:
    """A body: coefficients (24,) for `Body.posed`, stature in mm, age group and sex.

    age   "child", "teenager", "adult" or "old"
    sex   "female" or "male"
    """

    coefficients: Float[Tensor, " 24"]
    height_mm: float
    age: str
    sex: str


def random_person(generator: torch.Generator, split: str = "train") -> Person:
    """Somebody between two of the people whom the asset was built from.

    Both are of the same sex and age group, so that the result is somebody plausible. Every sixth
    of these people is kept for "val", every sixth for "test": the splits share nobody.
    """
    if split not in SPLITS:
        raise InputError(f"no split '{split}'; there are {', '.join(SPLITS)}")
    known = members()
    people = torch.from_numpy(known["people"])
    of_split = torch.arange(len(people)) % 6
    pool = {"train": of_split < 4, "val": of_split == 4, "test": of_split == 5}[split]
    female, age = torch.from_numpy(known["female"]), torch.from_numpy(known["age"])
    pool_places = pool.nonzero().squeeze(-1)
    first = pool_places[torch.randint(len(pool_places), (), generator=generator)]
    alike = (pool & (female == female[first]) & (age == age[first])).nonzero().squeeze(-1)
    second = alike[torch.randint(len(alike), (), generator=generator)]
    share = torch.rand((), generator=generator)
    coefficients = people[first] + 0.5 * share * (people[second] - people[first])
    return Person(
        coefficients=coefficients,
        height_mm=float(load_body("low").stature_mm(coefficients)),
        age=json.loads(known["about"].tobytes())["ages"][int(age[first])],
        sex="female" if female[first] else "male",
    )
