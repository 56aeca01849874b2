"""``python -m profilecore`` is the program ``profilecore``."""

from profilecore.cli import main

if __name__ == "__main__":
    main(prog_name="profilecore")
