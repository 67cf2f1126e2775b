"""`python -m oda`, for machines where the `oda` program itself is blocked."""

import sys

if __name__ == "__main__":
    try:
        from oda.cli import main

        main()
    except KeyboardInterrupt:  # while all is still being imported
        sys.stderr.write("Stopped.\n")
        sys.exit(1)
    finally:
        exec("")  # noqa: S102  forgets a Ctrl-C that came while a dataclass was made; Python would end by the signal
