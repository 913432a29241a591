"""What SIGTERM and SIGHUP become while a command runs."""


class Terminated(BaseException):
    """SIGTERM came. Like KeyboardInterrupt it is an error of nobody's, and everything opened is given back on its way."""

    def __init__(self) -> None:
        super().__init__("terminated")


class HungUp(Terminated):
    """SIGHUP came: the terminal is gone, and with it whoever could read anything."""
