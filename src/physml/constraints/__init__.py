"""Laws as penalties Ω_k of the prediction, and the strategies that weight them."""
