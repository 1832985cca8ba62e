"""Everything that changes or watches a training over time."""
