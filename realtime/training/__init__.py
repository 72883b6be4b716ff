"""How the embedded ``lite`` weights are made: data, teacher, student, losses, training, evaluation and export.

Written with Keras 3 and ``keras.ops``: the same code trains on TensorFlow, PyTorch or JAX
(choose with the environment variable ``KERAS_BACKEND``). Nothing at run time imports this package.
"""
