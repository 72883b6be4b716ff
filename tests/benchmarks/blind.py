"""Pairs of pictures to be judged without knowing which model painted which. Not a test: it writes files and counts verdicts.

    python tests/benchmarks/blind.py draw --photos DIR --styles DIR --old FOLDER --new FOLDER --out DIR
    python tests/benchmarks/blind.py count --out DIR VERDICTS...

`draw` takes held-back photos and styles by a seed, ten of thirty photos with faces, and writes for each pair ``NN.png``
(style and photo), ``NN_A.png`` and ``NN_B.png``, sides at random, and the key. A file of verdicts has a line ``NN A`` or ``NN B``
for each pair; `count` opens the key only when every file of verdicts is complete.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path

import numpy as np

from realtime.training.data import Picture, list_pictures, read_held_back, read_picture, resized
from realtime.training.evaluate import LitePair
from realtime.training.sheet import fitted, save

PAIRS, WITH_FACES = 30, 10
FACES = ("frame_tk-age-0179.jpg", "insamp_n03450230-gown.jpg")


def draw(photos: Path, styles: Path, old: Path, new: Path, out: Path, seed: int) -> None:
    """Write the pairs and the key."""
    rng, held = np.random.default_rng(seed), read_held_back()
    contents = {p.name: read_picture(p) for p in list_pictures(photos) if p.name in held["photos"]}
    pictures = {p.name: read_picture(p) for p in list_pictures(styles) if p.name in held["styles"]}
    others = [name for name in sorted(contents) if name not in FACES]
    chosen = [FACES[k % len(FACES)] for k in range(WITH_FACES)] + list(rng.permutation(others))[: PAIRS - WITH_FACES]
    order = [*rng.permutation(sorted(pictures)), *rng.permutation(sorted(pictures))][:PAIRS]
    pairs = [LitePair.folder(old), LitePair.folder(new)]
    key = {}
    for number, at in enumerate(rng.permutation(PAIRS), 1):
        content, style = contents[chosen[at]], pictures[order[at]]
        height, width = content.shape[:2]
        content = np.ascontiguousarray(fitted(content, width // 8 * 8, height // 8 * 8))
        new_first = bool(rng.random() < 0.5)
        sides = [pair(content, style) for pair in (pairs[::-1] if new_first else pairs)]
        save(beside(style, content), out / f"{number:02}.png")
        for side, picture in zip("AB", sides, strict=True):
            save(picture, out / f"{number:02}_{side}.png")
        key[f"{number:02}"] = ["A" if new_first else "B", chosen[at], str(order[at])]
    (out / "key.txt").write_bytes(base64.b64encode(json.dumps(key).encode()))


def beside(style: Picture, content: Picture) -> Picture:
    """The style at the height of the content, left of it: (H, W, 3)."""
    height = content.shape[0]
    return np.concatenate([resized(style, round(style.shape[1] * height / style.shape[0]), height), content], axis=1)


def count(out: Path, files: list[Path]) -> None:
    """Print how often the new one was preferred in each file of verdicts, and with faces."""
    verdicts = [dict(line.split()[:2] for line in file.read_text().splitlines() if line.strip()) for file in files]
    for file, verdict in zip(files, verdicts, strict=True):
        if len(verdict) != PAIRS or set(verdict.values()) - {"A", "B"}:
            raise SystemExit(f"{file} has {len(verdict)} verdicts; it needs A or B for each of {PAIRS}")
    key = json.loads(base64.b64decode((out / "key.txt").read_bytes()))
    for file, verdict in zip(files, verdicts, strict=True):
        won = [number for number, side in verdict.items() if key[number][0] == side]
        faces = sum(key[number][1] in FACES for number in won)
        lost = [f"{n}: {key[n][1]} in {key[n][2]}" for n in verdict if n not in won]
        print(f"{file.name}: new in {len(won)} of {PAIRS}, with faces {faces} of {WITH_FACES}", *lost, sep="\n  not ")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    drawn = commands.add_parser("draw")
    for name in ("photos", "styles", "old", "new"):
        drawn.add_argument(f"--{name}", type=Path, required=True)
    drawn.add_argument("--seed", type=int, default=20)
    counted = commands.add_parser("count")
    counted.add_argument("verdicts", type=Path, nargs="+")
    for command in (drawn, counted):
        command.add_argument("--out", type=Path, required=True)
    options = vars(parser.parse_args())
    if options.pop("command") == "draw":
        draw(**options)
    else:
        count(options["out"], options["verdicts"])


if __name__ == "__main__":
    main()
