"""What can be wrong with a spec or with packed state. None of it is cured by a retry."""

from __future__ import annotations

from schemas.errors import FraudStreamsError


class FeatureSpecError(FraudStreamsError):
    """A feature spec that the engine cannot interpret."""

    code = "FEATURE_SPEC"
    advice = "Correct the spec."


class StateFormatError(FraudStreamsError):
    """Packed state that this code cannot read: another version, another kind, damaged bytes."""

    code = "STATE_FORMAT"
    advice = "Run the version that wrote it, or rebuild the state by replay."
