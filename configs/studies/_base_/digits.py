dataset = "scikit-learn's digits: 1,297 images to pre-train on, 500 held out"
selection = {'train_dataloader.dataset.split': 'train', 'test_dataloader.dataset.split': 'val'}
