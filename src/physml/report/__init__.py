"""Figures and tables from predictions and finished runs."""
