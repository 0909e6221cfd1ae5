_base_ = './imagenet.py'

# A share of ImageNet's labels: those of a list (SimCLR's 1percent.txt and 10percent.txt name n01440764_10026.JPEG, a line
# an image), or, without one, the same share of every class, drawn by a seed.
train_dataloader = dict(
    batch_size=64,  # 4 GPUs x 64 = 256 images a step
    dataset=dict(type='LabelledSubset', fraction=0.01, seed=0, image_list=None))
