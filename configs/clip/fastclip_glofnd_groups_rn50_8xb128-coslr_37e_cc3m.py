# FastCLIP-v3 + GloFND, and negatives that share the anchor's caption are removed from the start. Ours.
_base_ = './fastclip_glofnd_rn50_8xb128-coslr_37e_cc3m.py'

train_dataloader = dict(dataset=dict(groups='caption'))
model = dict(
    head=dict(
        detector=dict(
            _delete_=True, type='UnionDetector', detectors=dict(
                caption=dict(type='GroupDetector'),
                learned=dict(type='QuantileThresholdDetector', alpha=1e-3, start_epoch=20)))))
