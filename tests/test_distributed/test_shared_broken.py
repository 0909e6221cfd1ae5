"""Broken images are counted over all ranks, and every rank knows them."""

import runner_jobs as jobs


def test_every_rank_knows_what_any_has_found_and_the_total_is_said_once(two_processes, tmp_path):
    lists = [tmp_path / '0.csv', tmp_path / '1.csv']
    ranks = two_processes.run(jobs.share_broken, [[1], [1, 5]], 3, lists)
    line = '2 images cannot be read, counted over all processes, of at most 3 (rank 0: 1, rank 1: 2)'
    assert ranks == [([1, 5], [line])] * 2
    assert lists[0].read_text() == 'image,reason\nimage 1,truncated\nimage 5,found by another process\n'
    assert lists[1].read_text() == 'image,reason\nimage 1,truncated\nimage 5,truncated\n'


def test_more_than_the_limit_on_all_ranks_together_end_all_of_them(two_processes, tmp_path):
    ranks = two_processes.run(jobs.share_broken, [[1, 2], [5, 6]], 3, [tmp_path / '0.csv', tmp_path / '1.csv'])
    assert ranks[0] == ranks[1] == ('4 images cannot be read, counted over all processes (rank 0: 2, rank 1: 2); repair or '
                                    'remove them, or raise max_broken=3 of train_cfg or test_cfg')
