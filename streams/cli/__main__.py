"""`python -m streams.cli` is `fraud`."""

from streams.cli import main

if __name__ == "__main__":
    main()
