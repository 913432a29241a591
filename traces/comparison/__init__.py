"""Two traces compared by what was said."""
