"""The chain in a partition: next, repeat, hole, and what a parked record may not do."""

from services.analytics.domain.chain import Chain, Verdict


def test_the_record_that_names_the_mark_is_next() -> None:
    assert Chain(7).judge(9, 7) is Verdict.NEXT


def test_a_position_up_to_the_mark_is_a_repeat() -> None:
    assert Chain(7).judge(7, 5) is Verdict.REPEAT
    assert Chain(7, (), 3).judge(3, 0) is Verdict.REPEAT


def test_a_position_between_the_last_two_proves_that_one_of_them_is_a_stranger() -> None:
    assert Chain(900, (), 7).judge(9, 7) is Verdict.HOLE


def test_a_record_that_names_another_predecessor_is_a_hole() -> None:
    assert Chain(7).judge(12, 9) is Verdict.HOLE
    assert Chain(7).judge(12, 5) is Verdict.HOLE


def test_after_a_parked_member_of_the_chain_the_next_is_next() -> None:
    chain = Chain(7)
    chain.park(9)
    assert chain.judge(12, 9) is Verdict.NEXT
    chain.applied(12, 9)
    assert chain == Chain(12, (), 9)


def test_a_parked_stranger_does_not_hide_what_follows() -> None:
    chain = Chain(7, (10**17,))
    assert chain.judge(9, 7) is Verdict.NEXT
    chain.applied(9, 7)
    assert chain.judge(12, 9) is Verdict.NEXT


def test_the_true_event_at_a_parked_strangers_own_place_is_next() -> None:
    assert Chain(7, (9,)).judge(9, 7) is Verdict.NEXT


def test_several_parked_members_in_a_row_keep_the_chain() -> None:
    assert Chain(7, (9, 12)).judge(15, 12) is Verdict.NEXT
