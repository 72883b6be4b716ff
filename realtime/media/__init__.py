"""Image files and clips, read and written."""
