"""Results: standings to the world, as pages, JSON and a live feed."""
