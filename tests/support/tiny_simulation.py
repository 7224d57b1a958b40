"""Settings of a simulation that takes seconds: few drawn scenes, random weights, one deterministic thread."""

TINY_DATA = """
[data]
num_pool = 6
num_test = 2
height_px = 90
width_px = 120
"""

TINY_DEFAULTS = """
[defaults]
encoder_weights = "random"
image_height_px = 90
image_width_px = 120
reco_num_anchors = 8
reco_num_negatives = 8
embedding_dim = 16
separable_aspp = true
num_threads = 1
deterministic = true
device = "cpu"
budget_fraction = 0.05
"""
