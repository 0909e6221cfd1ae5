"""Features of the captions of `mmifnd.datasets.EmojiPairs` by a frozen encoder, for `GuideDetector`.

    python tools/dataset_converters/emoji_guide.py --out mmifnd/datasets/emoji/guide.npy

The encoder is latent semantic analysis: TF-IDF of words and of character 3- to 5-grams within words, reduced to 64 dimensions,
fitted to the training captions alone. It sees neither images nor names as labels.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union

from mmifnd.configuration import load_config
from mmifnd.datasets import IndexedDataset
from mmifnd.detectors.guide import save_guide


def encode(captions: list[str], dimensions: int) -> np.ndarray:
    """Unit vectors (N, dimensions) of N captions."""
    words = TfidfVectorizer(sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer='char_wb', ngram_range=(3, 5), sublinear_tf=True)
    features = make_pipeline(make_union(words, pieces), TruncatedSVD(dimensions, random_state=0)).fit_transform(captions)
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default='configs/clip/clip_emoji.py', help='whose training set and tokenizer to take')
    parser.add_argument('--dimensions', type=int, default=64)
    parser.add_argument('--out', type=Path, required=True, help='file to write, .npy; its .json is written beside it')
    args = parser.parse_args()
    dataset = IndexedDataset(load_config(args.config).train_dataloader.dataset)
    captions = [own[0] for own in dataset.captions()]
    save_guide(args.out, encode(captions, args.dimensions), dataset.fingerprint())
    print(f'{args.out}: {len(captions)} captions, {args.dimensions} dimensions')


if __name__ == '__main__':
    main()
