"""The life of a run directory: identity, provenance, results, loading back."""
