"""The figures of `reproduction.md` that no command of ceprop prints: overlaps of MNIST's samples, and angles.

python docs/results/reproduction.py MNIST_FOLDER
"""

import sys

import numpy as np

from ceprop.model import load_images
from ceprop.model.reference import PAPER_ROWS, mean_gradient_angles


def overlaps(inputs: np.ndarray) -> tuple[float, float]:
    """Means over the samples `inputs` (n, n_0): of `|x|^2`, and of `x x'` over all pairs of different samples."""
    count = len(inputs)
    square = float(np.sum(inputs * inputs) / count)
    every = float(np.sum(inputs.sum(axis=0) ** 2))
    return square, (every - count * square) / (count * (count - 1))


def main(folder: str) -> None:
    images = load_images(folder, seed=1)
    square, overlap = overlaps(images.train[0].astype(np.float64) / images.largest)
    print(f"training samples: mean |x|^2 {square:.1f}, mean x x' of two samples {overlap:.1f}")
    for name in ("c-ep-1h", "c-vf-1h"):
        settings = PAPER_ROWS[name].settings
        print(f"{name}: eta / beta x x' = {settings.rates[0] / settings.beta * overlap:.2f}")
    plain = {"partial_drive_slopes": False}
    for name, changes in (("ep-1h", {}), ("c-ep-1h", {}), ("c-vf-1h", {}), ("c-vf-1h", plain)):
        for seed in (1, 2, 3):
            angles = mean_gradient_angles(PAPER_ROWS[name].settings.but(seed=seed, **changes), images)
            without = "" if not changes else " without slopes"
            print(
                f"{name}{without}, seed {seed}: {angles.all_steps:.1f} degrees, "
                f"{angles.without_first_step:.1f} without the first step"
            )


if __name__ == "__main__":
    main(sys.argv[1])
