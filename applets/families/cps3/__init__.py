"""The CPS3."""
