"""Reads a Keras file or a SavedModel folder without running code that lies in it.

Runs in the worker: imports TensorFlow.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack import __version__
from edgepack.compress.data import InputFacts
from edgepack.compress.filetype import Kind, describe, sniff
from edgepack.compress.spec import ModelFile
from edgepack.errors import EdgepackError, ModelError, ToolchainError

KERAS_MIN = (3, 13, 2)  # the first with the fixes of CVE-2026-1462 and its elders
_INSTALL = (
    "pip install 'edgepack[keras]', or 'edgepack[keras-cpu]' where tensorflow-cpu has a wheel"
)
_CODE_LAYERS = ("Lambda", "TorchModuleWrapper", "TFSMLayer")
_FILE_OPS = ("ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "PyFuncStateless", "EagerPyFunc")

Predict = Callable[[tuple[NDArray[Any], ...]], tuple[NDArray[Any], ...]]


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded model.

    `predict` takes inputs [n, ...] and gives outputs [n, ...]; `export` writes a SavedModel whose
    one signature, `serve`, has batch 1 and these names; `keras` is None for a SavedModel.
    """

    file: ModelFile
    inputs: tuple[InputFacts, ...]
    predict: Predict
    export: Callable[[Path], None]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    keras: Any

    @property
    def trained_rounded(self) -> bool:
        """Whether it is a Keras model whose layers round as its .tflite will."""
        from edgepack.compress.aware.layers import is_aware

        return self.keras is not None and is_aware(self.keras)


def check_toolchain() -> None:
    """Raise ToolchainError where TensorFlow is missing, or Keras lacks its security fixes."""
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ToolchainError(f"TensorFlow is not installed ({error}): {_INSTALL}") from error
    version = importlib.metadata.version("keras")
    if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) < KERAS_MIN:
        need = ".".join(map(str, KERAS_MIN))
        raise ToolchainError(
            f"Keras {version} runs code that lies in model files; {need} is the least: "
            f"pip install 'keras>={need}'"
        )


def versions() -> Mapping[str, str]:
    """The packages that shape the result, for the report."""
    names = ("tensorflow", "tensorflow-cpu", "keras", "numpy")
    found = {"edgepack": __version__}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def load_network(path: Path, folder: Path, *, trust: bool = False) -> Network:
    """The model at `path`, its inputs and outputs of a fixed shape but for the batch.

    `folder` is scratch space. Raises ModelError for a file that is broken, of a wrong type, of a
    dynamic shape, or that holds code and is not trusted.
    """
    kind = sniff(path)
    if kind == "saved_model":
        return _load_saved_model(path, folder, trust)
    model = _load_keras(path, kind, folder, trust)
    return of_keras(model, path)


def of_keras(model: Any, path: Path, file: ModelFile | None = None) -> Network:
    """A Network around a Keras model that came from `path`; ModelError where it has no shapes."""
    if not getattr(model, "inputs", None):  # a Sequential's raises before it is built
        raise ModelError(f"{path}: has no input shape yet; give it a keras.Input, or call build")
    inputs = tuple(_fixed(path, t.name, tuple(t.shape), t.dtype) for t in model.inputs)

    def predict(x: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
        given = model.predict(list(x) if len(x) > 1 else x[0], batch_size=64, verbose=0)
        many = isinstance(given, (list, tuple))
        return tuple(np.asarray(y) for y in (given if many else [given]))

    names = tuple(f"{re.sub(r'[^A-Za-z0-9_]', '_', f.name)}" for f in inputs)
    if len(set(names)) < len(names):
        names = tuple(f"{name}_{i}" for i, name in enumerate(names))

    def export(target: Path) -> None:
        _export_keras(model, names, target)

    outputs = tuple(f"output_{i}" for i in range(len(model.outputs)))
    return Network(file or describe(path), inputs, predict, export, names, outputs, model)


def _fixed(path: Path, name: str, shape: tuple[int | None, ...], kind: str) -> InputFacts:
    if not shape or any(size is None for size in shape[1:]):
        printed = ", ".join("?" if size is None else str(size) for size in shape)
        raise ModelError(
            f"{path}: input {name!r} is [{printed}]: a dynamic shape has no plan of memory; "
            "save the model with a fixed input shape, the batch aside"
        )
    return InputFacts(name, tuple(int(size) for size in shape[1:] if size is not None), kind)


def _load_keras(path: Path, kind: Kind, folder: Path, trust: bool) -> Any:
    import keras

    config = _config(path, kind)
    code = sorted({name for name in _classes(config) if name in _CODE_LAYERS})
    if code and not trust:
        raise ModelError(
            f"{path}: holds a {code[0]} layer, which is code that loading would run; "
            "replace it by ordinary layers, or pass --trust-model if you trust the file's author"
        )
    # Registered, so that masks and rounding layers load.
    from edgepack.compress.aware import layers  # noqa: F401
    from edgepack.compress.pruning import constraints  # noqa: F401

    named = folder / f"model.{kind}"
    shutil.copyfile(path, named)
    custom = {"DepthwiseConv2D": _legacy_depthwise()} if kind == "h5" else {}
    try:
        return keras.saving.load_model(
            named, custom_objects=custom, compile=False, safe_mode=not trust
        )
    except EdgepackError:
        raise
    except Exception as error:
        raise ModelError(f"{path}: {_why(error, kind)}") from error
    finally:
        named.unlink(missing_ok=True)


def _why(error: Exception, kind: Kind) -> str:
    text = str(error).strip()
    missing = re.search(r"Could not locate class '([^']+)'|Unknown (?:layer|object): '?(\w+)", text)
    if missing:
        name = missing.group(1) or missing.group(2)
        return (
            f"holds a layer of your own, {name!r}, which only your code can build; "
            "build the model from Keras's layers, or convert it there and give the .tflite"
        )
    first = text.splitlines()[0] if text else type(error).__name__
    again = "save it as .keras, which keeps more" if kind == "h5" else "it may be cut short"
    return f"Keras cannot load it ({first[:200]}); {again}"


def _config(path: Path, kind: Kind) -> Any:
    """The model's configuration, read without Keras."""
    if kind == "keras":
        try:
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        except (ValueError, zipfile.BadZipFile, OSError, KeyError) as error:
            raise ModelError(f"{path}: broken: config.json cannot be read ({error})") from error
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            if text is None:
                raise ModelError(
                    f"{path}: holds weights and no architecture; save it with model.save(...), "
                    "not save_weights"
                )
            return json.loads(text)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{path}: broken HDF5 ({error}); it may be cut short") from error


def _classes(config: Any) -> Iterator[str]:
    """Every class name in a configuration, and `Lambda` for a serialised function."""
    if isinstance(config, Mapping):
        if isinstance(config.get("class_name"), str):
            name = config["class_name"]
            yield "Lambda" if name == "__lambda__" else name.split(">")[-1]
        for value in config.values():
            yield from _classes(value)
    elif isinstance(config, list):
        for value in config:
            yield from _classes(value)


def _legacy_depthwise() -> Any:
    import keras

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
        """Keras 2 wrote `groups`, always 1, which Keras 3 refuses."""

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            return keras.layers.DepthwiseConv2D.from_config(
                {key: value for key, value in config.items() if key != "groups"}
            )

    return DepthwiseConv2D


def _export_keras(model: Any, names: tuple[str, ...], target: Path) -> None:
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(model)
    single = len(model.inputs) == 1
    signature = [
        tf.TensorSpec((1, *t.shape[1:]), t.dtype, name=name)
        for name, t in zip(names, model.inputs, strict=True)
    ]

    def serve(*x: Any) -> Any:
        with _plain_scopes(model):
            return keras.tree.flatten(model(x[0] if single else list(x), training=False))

    archive.add_endpoint("serve", serve, input_signature=signature)
    archive.write_out(str(target), verbose=False)


@contextlib.contextmanager
def _plain_scopes(model: Any) -> Iterator[None]:
    """Operations are called `model/layer/operation` in here, by the layers' own names.

    Keras opens each layer's scope twice, once to build it, and TensorFlow then numbers the second
    one: `conv_1` for `conv`. A name that ends in a slash is entered again as it is.
    """
    import tensorflow as tf

    def opened(layer: Any) -> Callable[[], Any]:
        def scope() -> Any:
            parent = tf.get_current_name_scope()
            return tf.name_scope(f"{parent}/{layer.name}/" if parent else f"{layer.name}/")

        return scope

    layers = list(model._flatten_layers())
    try:
        for layer in layers:
            object.__setattr__(layer, "_open_name_scope", opened(layer))
        yield
    finally:
        for layer in layers:
            vars(layer).pop("_open_name_scope", None)


def _load_saved_model(path: Path, folder: Path, trust: bool) -> Network:
    import tensorflow as tf

    saved = _parse_saved_model(path)
    if not trust:
        _refuse_file_ops(path, saved)
    copy = _without_slots(path, saved, folder / "loaded")
    try:
        loaded = tf.saved_model.load(str(copy))
        function = loaded.signatures["serving_default"]
    except KeyError as error:
        raise ModelError(
            f"{path}: no signature 'serving_default'; save it with model.export(...)"
        ) from error
    except Exception as error:
        raise ModelError(f"{path}: TensorFlow cannot load it ({_first(error)})") from error
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    arguments = dict(sorted(function.structured_input_signature[1].items()))
    inputs = tuple(
        _fixed(path, name, _shape(spec), spec.dtype.name) for name, spec in arguments.items()
    )
    names = list(arguments)
    outputs = sorted(function.structured_outputs)

    module = tf.Module()
    module.held = loaded
    module.serve = tf.function(
        lambda *x: dict(function(**dict(zip(names, x, strict=True)))),
        input_signature=[
            tf.TensorSpec((1, *facts.shape), spec.dtype, name=name)
            for facts, (name, spec) in zip(inputs, arguments.items(), strict=True)
        ],
    )

    def predict(x: tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
        rows = [module.serve(*(tf.constant(one[i : i + 1]) for one in x)) for i in range(len(x[0]))]
        return tuple(np.concatenate([np.asarray(row[name]) for row in rows]) for name in outputs)

    def export(target: Path) -> None:
        tf.saved_model.save(
            module, str(target), signatures={"serve": module.serve.get_concrete_function()}
        )

    return Network(describe(path), inputs, predict, export, tuple(names), tuple(outputs), None)


def _shape(spec: Any) -> tuple[int | None, ...]:
    return () if spec.shape.rank is None else tuple(spec.shape.as_list())


def _first(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__


def _parse_saved_model(path: Path) -> Any:
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((path / "saved_model.pb").read_bytes())
    except Exception as error:
        raise ModelError(f"{path}: saved_model.pb is broken ({_first(error)})") from error
    if not saved.meta_graphs:
        raise ModelError(f"{path}: saved_model.pb holds no graph")
    return saved


def _refuse_file_ops(path: Path, saved: Any) -> None:
    """A SavedModel is a program: refuse operators that touch files or call Python."""
    for graph in (meta.graph_def for meta in saved.meta_graphs):
        bodies = [graph.node, *(function.node_def for function in graph.library.function)]
        found = {node.op for body in bodies for node in body} & set(_FILE_OPS)
        if found:
            raise ModelError(
                f"{path}: holds the operator {sorted(found)[0]}, which reaches beyond the model; "
                "pass --trust-model if you trust the folder's author"
            )


def _without_slots(path: Path, saved: Any, copy: Path) -> Path:
    """A copy without the optimiser's slots, which Keras 2 wrote and TensorFlow cannot read."""
    for file in (p for p in path.rglob("*") if p.is_file() and p.suffix != ".pb"):
        target = copy / file.relative_to(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for meta in saved.meta_graphs:
        for node in meta.object_graph_def.nodes:
            del node.slot_variables[:]
    (copy / "saved_model.pb").write_bytes(saved.SerializeToString())
    return copy
