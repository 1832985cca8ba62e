"""Figures of merit, each with its unit and statistical uncertainty."""
