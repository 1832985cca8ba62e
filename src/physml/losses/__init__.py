"""Losses that torch and torchmetrics lack."""
