"""For the tests of your own software: emulated cards as pytest fixtures, declared in one line."""
