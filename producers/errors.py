"""What can go wrong while publishing: a branch of the project's error tree.

```text
FraudStreamsError
├── FileInvalid       FILE_INVALID       a file or mapping is not what was said
├── ProgressInvalid   PROGRESS_INVALID   a progress file belongs to another publication
└── DeliveryFailed    DELIVERY_FAILED    retriable: the broker did not take everything
```
"""

from schemas.errors import FraudStreamsError


class FileInvalid(FraudStreamsError):
    """A file, its mapping, or a cell is not what was expected; says file, row and column."""

    code = "FILE_INVALID"
    advice = "Correct the file or its mapping."


class ProgressInvalid(FraudStreamsError):
    """A progress file is unreadable, or was written by another publication."""

    code = "PROGRESS_INVALID"
    advice = "Delete the progress file to start over, or name another one."


class DeliveryFailed(FraudStreamsError):
    """Some messages were not delivered: how many, and why the first was not."""

    code = "DELIVERY_FAILED"
    retriable = True
    advice = "Check the broker and publish again: ids make repeats harmless."

    def __init__(self, count: int, cause: str) -> None:
        self.count, self.cause = count, cause
        super().__init__(f"{count} messages were not delivered; the first one: {cause}")
