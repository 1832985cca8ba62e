import pytest

from physml.data.splits import split_edges


def test_each_split_begins_where_the_one_before_ends():
    assert split_edges((0.8, 0.1, 0.1)).tolist() == pytest.approx([0.0, 0.8, 0.9, 1.0])


@pytest.mark.parametrize("fractions", [[0.5, 0.5, 0.5], [0.5, 0.5], [1.0, 0.5, -0.5], [0.9, 0.1, 0.0]])
def test_fractions_that_do_not_add_up(fractions):
    with pytest.raises(ValueError, match=r"data\.fractions is .*, expected three positive parts that add up to 1"):
        split_edges(fractions)
