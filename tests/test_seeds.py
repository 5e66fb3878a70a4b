"""Seeds of the legs: all different, and those of the first leg follow from that of the run by adding."""

from kanpde.seeds import Seeds


def test_all_seeds_of_all_legs_are_different():
    found = []
    for leg in range(40):
        seeds = Seeds(3, leg)
        found += [seeds.network(attempt) for attempt in range(6)]
        found += [seeds.points(draw) for draw in range(1, 6)] + [seeds.held_out]
    assert len(set(found)) == len(found)


def test_the_first_leg_starts_from_the_seed_of_the_run_and_its_restarts_from_the_next_ones():
    assert [Seeds(3).network(attempt) for attempt in range(3)] == [3, 4, 5]
    assert Seeds(3).points() == 3


def test_another_run_has_other_legs():
    assert Seeds(3, leg=2).network(0) != Seeds(4, leg=2).network(0)
