"""Photos painted at full size, figures and sheets."""
