"""The random items of open drafts: kept for a while, bounded for each person and in all."""

from __future__ import annotations

from tests.services.fakes import NOW, Counted

from sardonyx.services.drafts import DRAFTS_KEPT, DRAFTS_OF_A_PERSON, Drafts


def opened(kept: Drafts, username: str, draft_id: str | None = None) -> str:
    return kept.seeds(username, draft_id, taken=lambda _: False)[0]


def test_one_person_pushes_out_only_their_own_oldest_drafts() -> None:
    kept = Drafts(randomness=Counted(), clock=lambda: NOW)
    hers = opened(kept, "eve")
    mine = [opened(kept, "ada") for _ in range(DRAFTS_OF_A_PERSON)]
    assert opened(kept, "ada", mine[0]) == mine[0]  # asked for again: the second is the oldest
    opened(kept, "ada")
    assert opened(kept, "eve", hers) == hers
    assert opened(kept, "ada", mine[0]) == mine[0]
    assert opened(kept, "ada", mine[1]) != mine[1]


def test_of_all_people_the_one_longest_away_gives_way_first() -> None:
    kept = Drafts(randomness=Counted(), clock=lambda: NOW)
    people = DRAFTS_KEPT // DRAFTS_OF_A_PERSON
    first = {
        number: [opened(kept, f"person{number}") for _ in range(DRAFTS_OF_A_PERSON)][-1]
        for number in range(people)
    }
    assert opened(kept, "person0", first[0]) == first[0]
    opened(kept, "another")
    assert opened(kept, "person0", first[0]) == first[0]
    # Of the one who was away longest, the oldest; what was asked for last stays longest.
    assert opened(kept, "person1", first[1]) == first[1]


def test_a_launched_draft_is_forgotten_once() -> None:
    kept = Drafts(randomness=Counted(), clock=lambda: NOW)
    mine = opened(kept, "ada")
    for _ in range(2):
        kept.forget("ada", mine)
        kept.forget("nobody", mine)
    assert opened(kept, "ada", mine) != mine


def test_changes_of_a_release_keep_their_password() -> None:
    kept = Drafts(randomness=Counted(), clock=lambda: NOW)
    first = kept.seeds_of("ada", "db-1", "1")
    assert kept.seeds_of("ada", "db-1", "1") is first
    assert kept.seeds_of("eve", "db-1", "1") is not first
