"""What services run on: following a log, sending, saving, reporting, serving. It knows nothing of ballots or elections."""
