"""The insurer's centre (*caisse*): receives lots, judges them, acknowledges, pays, and misbehaves when it is told to.

It knows no card, no terminal and no surgery: what it judges came by the post.
"""
