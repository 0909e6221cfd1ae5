# Table 7 of the paper, CIFAR-100: IFND with PCL's schedule, a step: 73.1 % top-1. The same as row (c) of Table 6.
_base_ = '../table6/c_step_100.py'
