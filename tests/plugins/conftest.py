collect_ignore = ["released"]  # run by test_released.py, each release by itself
