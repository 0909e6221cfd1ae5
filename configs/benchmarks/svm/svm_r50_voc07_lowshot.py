_base_ = './svm_r50_voc07.py'

test_cfg = dict(measures=dict(svm=dict(shots=(1, 2, 4, 8, 16))))  # 5 draws each
