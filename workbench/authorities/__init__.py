"""What a person does with an authority of their own: look up what it issued, revoke, publish."""
