"""Models: a style picture becomes a style code once, then every frame is stylized with it."""
