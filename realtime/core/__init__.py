"""What flows and what all rooms use: frames, mailboxes, errors, paths; it imports nothing above."""

import logging

logging.getLogger("realtime").addHandler(logging.NullHandler())  # a library is silent until its user adds a handler
