"""`python -m oda`, for machines where the `oda` program itself is blocked."""

from oda.cli import main

if __name__ == "__main__":
    main()
