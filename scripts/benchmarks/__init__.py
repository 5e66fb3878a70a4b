"""The benchmarks of kanpde: each module measures one table; `scripts/benchmark.py` runs them."""
