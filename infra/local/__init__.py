"""Everything it takes to run Livecount on one machine with nothing but Python."""
