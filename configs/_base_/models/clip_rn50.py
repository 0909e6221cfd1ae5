# CLIP's modified ResNet-50 and its text transformer ("RN50" of open_clip), as FastCLIP and GloFND train them on CC3M. Both
# towers end with their own projection to 1,024 dimensions. Needs open_clip: pip install 'mmifnd[clip]'.
model = dict(
    type='CLIPAdapter',
    data_preprocessor=dict(  # CLIP's mean and deviation, times 255
        type='ImageTextPreprocessor', mean=[122.7709383, 116.7460125, 104.09373615],
        std=[68.5005327, 66.6321579, 70.32316305], to_rgb=True),
    backbone=dict(type='OpenCLIPImage', model='RN50'),
    neck=dict(type='PassThrough', channels=1024),
    text_backbone=dict(type='OpenCLIPText', model='RN50'),
    text_neck=dict(type='PassThrough', channels=1024),
    # 0.07, learned: CLIP. It moves with the weights' rate and is kept in [0.01, 1].
    head=dict(type='ElimContrastiveHead', temperature=0.07, learned_temperature=dict(), detector=dict(type='NoDetector')))
