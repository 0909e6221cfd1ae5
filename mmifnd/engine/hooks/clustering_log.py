"""The log lines of a clustering."""


def log_clustering(runner, record: dict) -> None:
    """Log a record in words, and its numbers as scalars of its epoch."""
    runner.logger.info(sentence(record))
    scalars = {f'false_negative/{key}': value for key, value in record.items() if isinstance(value, float)}
    for row in record['granularities']:
        scalars.update({f'false_negative/k{row["num_clusters"]}/{key}': value for key, value in row.items()})
    runner.visualizer.add_scalars(scalars, step=record['epoch'])


def sentence(record: dict) -> str:
    """One line on the clustering, and one line per granularity."""
    text = (f'Epoch {record["epoch"]}: accepted {record["rate"]:.1%} of the pseudo labels; features '
            f'{record["seconds_features"]:.1f} s, k-means {record["seconds_clustering"]:.1f} s '
            f'({record["share_of_training_time"]:.1%} of the training so far)')
    if record['false_negative_share'] is not None:
        text += f'; {record["false_negative_share"]:.2%} of the negatives were removed since the last time'
    for row in record['granularities']:
        text += (f'\n    k={row["num_clusters"]}: clusters of {row["cluster_size_min"]} to {row["cluster_size_max"]} images, '
                 f'{row["empty_clusters"]} empty, confidence >= {row["confidence_threshold"]:.3f}')
        if 'changed_share' in row:
            text += f', {row["changed_share"]:.1%} changed since the last one'
        if 'nmi' in row:
            text += f', NMI {row["nmi"]:.1f}'
        if 'mtpr' in row:
            text += f', MTPR {row["mtpr"]:.1f}, MTNR {row["mtnr"]:.1f}'
    return text
