# SimCLR + GloFND: the kept negatives are re-weighted to the original count. The released code advises 512 images a step for
# SimCLR: --cfg-options train_dataloader.batch_size=512 optim_wrapper.optimizer.lr=1.697056  (0.075 x sqrt(512))
_base_ = './sogclr_glofnd_r50_1xb128-coslr_200e_in100.py'

model = dict(head=dict(type='GloFNDThresholdHead'))
