"""Networks: modules with weights and no loss."""
