"""For every test: no deadline a hypothesis example, since a busy machine is no counterexample."""

import os

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

os.environ["FRAUD_TRACK"] = "off"  # a test that replays leaves nothing in the working folder
