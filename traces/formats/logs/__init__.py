"""The logs of programs that speak to cards, one module for each program."""
