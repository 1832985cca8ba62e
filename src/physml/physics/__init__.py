"""Physical systems and laws: equations, units, reference solvers and samplers."""
