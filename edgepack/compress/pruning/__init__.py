"""Takes channels, layers and single weights out of Keras models, and shares what is left."""
