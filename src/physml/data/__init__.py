"""Sources of batches: simulated, read from files, and the data module that serves them."""
