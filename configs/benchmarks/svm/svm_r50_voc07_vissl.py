_base_ = './svm_r50_voc07.py'

# VISSL's protocol: each class picks its cost by 3-fold cross-validation on trainval; what is difficult counts as absent in
# training and is left out of the evaluation.
test_cfg = dict(
    measures=dict(
        svm=dict(
            costs=(1., 10., 100., 0.5**4, 0.5**5, 0.5**6, 0.5**7, 0.5**8, 0.5**9, 0.5**10, 0.5**11, 0.5**12, 0.5**13,
                   0.5**14, 0.5**15, 0.5**16, 0.5**17, 0.5**18, 0.5**19),
            difficult='ignore',
            folds=3)))
