"""What a person wants changed: commands, and the settings that follow from them."""
