_base_ = './clip_emoji.py'

# A frozen encoder of the captions decides (latent semantic analysis): tools/dataset_converters/emoji_guide.py.
model = dict(
    head=dict(
        temperature=0.1,
        detector=dict(_delete_=True, type='GuideDetector', features='mmifnd/datasets/emoji/guide.npy', alpha=0.004)))
