"""Trainings of Poisson and Burgers, one library per file, each as its own examples do it.

Every file has a function `train(name, watch, seed)`, which trains until the watch says that it is over.
"""
