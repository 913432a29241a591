"""What stands on each kind of card: one module for each generation, and none knows another.

Only the CPS4, whose files are not public, takes those of the CPS3.
"""
