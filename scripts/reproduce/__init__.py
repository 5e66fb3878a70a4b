"""The experiments of the KAN paper (Liu et al. 2024, arXiv:2404.19756), one table each, beside the paper's figures."""
