"""What flows and what all rooms use: frames, mailboxes, errors, paths; it imports nothing above."""
