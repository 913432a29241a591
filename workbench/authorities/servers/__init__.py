"""Web servers that let in who has a CPS: their configurations, written into a folder."""
