"""Files painted whole: every frame once, at its time, with sound and all else kept."""
