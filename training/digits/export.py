"""Weights to `digits-encoder.onnx`: one graph from samples to log posteriors, matrices as int8."""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from training import parts
from training.digits.model import WINDOW, DigitNet

OPSET = 17
MANIFEST = Path("resources/models/manifest.toml")
INSTALLED = MANIFEST.with_name("digits-encoder.onnx")


def load(path: Path) -> tuple[DigitNet, dict]:
    """Load trained weights and the notes saved with them."""
    saved = torch.load(path, weights_only=True)
    net = DigitNet(saved["plan"]["tuned_from"], saved["plan"]["layers"])
    net.load_state_dict(saved.pop("state"), strict=False)
    return net.eval(), saved


def to_float_onnx(net: DigitNet, path: Path) -> None:
    """Write the network with float32 weights; the batch size stays free."""
    torch.onnx.export(
        net,
        (torch.zeros(2, WINDOW),),
        str(path),
        input_names=["audio"],
        output_names=["log_probs"],
        dynamic_axes={"audio": {0: "N"}, "log_probs": {0: "N"}},
        opset_version=OPSET,
        dynamo=False,
    )


def to_int8(source: Path, target: Path) -> None:
    """Quantise the matrices of the encoder (its convolutions are matrices too) and the head to 7 of 8 bits.

    The mel filters stay float32. Full 8-bit weights overflow the 16-bit sums of processors
    without VNNI, hence `reduce_range`.
    """
    graph = onnx.load(source).graph
    keep = [n.name for n in graph.node if n.op_type == "MatMul" and n.name.startswith("/mel")]
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=keep,
    )


def enter(manifest: Path, weights: bytes) -> None:
    """Write the weights' size and checksum into the manifest; the terminal refuses weights that differ."""
    text = manifest.read_text(encoding="utf-8")
    entry = re.compile(r'(file = "digits-encoder\.onnx"\n(?:.+\n)*?size = )\d+\nsha256 = "\w+"')
    changed, found = entry.subn(rf'\g<1>{len(weights)}\nsha256 = "{parts.sha256(weights)}"', text)
    if found != 1:
        raise ValueError(f"{manifest}: no entry for digits-encoder.onnx")
    manifest.write_text(changed, encoding="utf-8")


def main() -> None:
    """Export `<work>/<weights>.pt`; the float32 graph stays in the work folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--weights", default="digits")
    parser.add_argument("--to", type=Path, default=INSTALLED)
    chosen = parser.parse_args()
    net, _ = load(chosen.work / f"{chosen.weights}.pt")
    exact = chosen.work / f"{chosen.weights}.onnx"
    to_float_onnx(net, exact)
    chosen.to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "int8.onnx"
        to_int8(exact, made)
        half_written = chosen.to.with_suffix(".part")
        weights = made.read_bytes()
        half_written.write_bytes(weights)
        half_written.replace(chosen.to)
    if chosen.to == INSTALLED:
        enter(MANIFEST, weights)


if __name__ == "__main__":
    main()
