"""Run as a process: go on with a packed model, say what came of it. Arguments: name, file."""

import sys
from itertools import islice
from pathlib import Path

from portfolio_world import digest, made, outcomes, teach

if __name__ == "__main__":
    for name, file, done in zip(*[iter(sys.argv[1:])] * 3, strict=True):
        model = made(name)
        if int(done):
            model.unpack(Path(file).read_bytes())
        teach(model, islice(outcomes(900), int(done), None))
        print(name, digest(model.pack()))
