"""Where finished frames go: a window, a snapshot, a clip."""
