"""Networks for other programs: Keras, ONNX, TFLite and safetensors files."""
