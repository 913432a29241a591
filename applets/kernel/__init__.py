"""What every card does: files, access rules, security state, PINs, keys, dispatch."""
