"""`python -m realtime` is the `realtime` command."""

from realtime.cli import program

if __name__ == "__main__":
    program()
