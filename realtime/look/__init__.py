"""The look: what a person chooses of how frames are painted, and the effects in their order."""
