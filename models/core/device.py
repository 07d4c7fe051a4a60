"""The one file that may import a backend: which devices there are, how memory grows, whether XLA pays."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Device:
    """What the models run on.

    Attributes:
        backend: "tensorflow", "jax" or "torch".
        gpus: names of the graphics cards that the backend can use.
        cores: processor cores.
    """

    backend: str
    gpus: tuple[str, ...]
    cores: int

    def __str__(self) -> str:
        cores = f"CPU {self.cores} cores"
        return f"GPU: {len(self.gpus)} x {self.gpus[0]}" if self.gpus else f"GPU: none, {cores}"


@functools.cache
def prepare() -> Device:
    """Import the backend, let GPU memory grow as needed, and say what there is. Slow the first time (2 s)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow turns these kernels on by itself only for processors with AVX-512. With AVX2 alone they do a step of a
    # convolutional network in 55 to 75 % of the time, too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with quiet():
        _map_tensorflow()
        import keras

        backend = keras.backend.backend()
        gpus: tuple[str, ...] = ()
        if backend == "tensorflow":
            _keep_the_order()
            _expect_traces()
            _give_back_graphs()
            _share_kernels_of_variables()
            gpus = _tensorflow_gpus()
        elif backend == "jax":
            import jax

            gpus = tuple(d.device_kind for d in jax.devices() if d.platform != "cpu")
    return Device(backend, gpus, os.cpu_count() or 1)


def _map_tensorflow() -> None:
    """Map TensorFlow's library of one gigabyte into memory without holding the interpreter's lock.

    ``import`` holds the lock while the system loads a library, 0.3 s and more in which no window moves. A foreign
    function call does not, and the import then finds the library there. Where this does not work nothing is lost.
    """
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow" or not sys.platform.startswith("linux"):
        return
    found = importlib.util.find_spec("tensorflow")
    if found is None or not found.submodule_search_locations or "tensorflow" in sys.modules:
        return
    load = ctypes.CDLL(None).dlopen
    load.restype, load.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):
        path = Path(found.submodule_search_locations[0]) / name
        if path.exists():
            _read_through(path)
            load(os.fsencode(path), os.RTLD_NOW)


def _read_through(path: Path) -> None:
    """Bring a file into the system's cache: at a cold start the import would wait for the disk with the lock held."""
    piece = bytearray(2**23)
    with path.open("rb", buffering=0) as stream:
        while stream.readinto(piece):
            pass


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the backend prints at import or while it converts (it heeds no log level) away from the terminal.

    What fails still raises: only the standard error stream is put aside.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (AttributeError, OSError):  # a window without a terminal has no such stream
        yield
        return
    aside = os.open(os.devnull, os.O_WRONLY)
    os.dup2(aside, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(aside)


def _keep_the_order() -> None:
    """Switch off TensorFlow's dependency optimizer, which drops control edges.

    A step then read weights that the same step had just changed: on a busy machine 20 of 90 first steps of a GAN had
    another loss, whichever other pass was switched off; without this one 0 of 30.
    """
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"dependency_optimization": False})


def _expect_traces() -> None:
    """Leave out the warning that functions are traced again and again: every model that is loaded has its own."""
    logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in str(record.msg))


_HELD_BY_GRAPH = (
    "inputs", "outputs", "control_outputs", "structured_input_signature", "structured_outputs",
    "_resource_tensor_inputs", "_weak_variables", "_watched_variables", "_saving_errors",
)  # fmt: skip


def _give_back_graphs() -> None:
    """Let the graph of a traced function die with the function.

    A graph, its operations and its tensors refer to each other in a circle that passes through C++, where Python's
    collector cannot follow: TensorFlow 2.21 breaks it for a function that is asked for its graph, and calls that off
    for every ``tf.function``. So each graph that Keras traced stayed for ever: 4 MB for each load of a VAE of
    faces, 22 MB for a U-Net. Here the circle is always broken, and with it the lists of tensors in the graph.

    An operation with a gradient of its own (silu is one) registers it under a new name wherever it is traced, for the
    whole life of the process, together with the tensors that it needs: those names go with the graph they are for.
    """
    from tensorflow.python.eager.polymorphic_function import concrete_function
    from tensorflow.python.framework import func_graph, ops
    from tensorflow.python.ops import custom_gradient

    plain = custom_gradient.generate_name

    def name_of_gradient() -> str:
        name, graph = str(plain()), ops.get_default_graph()
        while isinstance(graph, func_graph.FuncGraph):  # a branch's lies in that of its function
            graph.own_gradients = [*getattr(graph, "own_gradients", ()), name]
            graph = graph.outer_graph
        return name

    def end(self: Any) -> None:
        graph = self._func_graph
        if graph is not None:
            for gradient in getattr(graph, "own_gradients", ()):
                ops.gradient_registry._registry.pop(gradient, None)
            func_graph.dismantle_func_graph(graph)
            for name in _HELD_BY_GRAPH:
                setattr(graph, name, None)

    kind = concrete_function.ConcreteFunctionGarbageCollector
    kind.release, kind.__del__ = lambda self: None, end
    custom_gradient.generate_name = name_of_gradient


def _share_kernels_of_variables() -> None:
    """Let all variables be made by one kernel, whatever they are called.

    TensorFlow keeps each kernel that ran outside of a graph for the whole life of the process, 36 kB for each different
    set of attributes, and counts among these the name of the variable that a kernel makes. Keras numbers its layers on
    (``conv2d_412``), so each variable of each model left a kernel behind: 12 MB for each load of a U-Net. TensorFlow
    shows that name in errors only.
    """
    from tensorflow.python.ops import gen_resource_variable_ops

    plain = gen_resource_variable_ops.var_handle_op

    def nameless(*given: Any, debug_name: str = "", **named: Any) -> Any:
        return plain(*given, **named)

    gen_resource_variable_ops.var_handle_op = nameless


def _tensorflow_gpus() -> tuple[str, ...]:
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    names = []
    for card in cards:
        with contextlib.suppress(RuntimeError):  # somebody used the card before us: its growth is settled
            tf.config.experimental.set_memory_growth(card, True)
        names.append(tf.config.experimental.get_device_details(card).get("device_name", card.name))
    return tuple(names)


def compiles() -> bool:
    """Whether XLA pays: on a GPU yes, on a CPU it made a U-Net 7 times slower. JAX always compiles."""
    device = prepare()
    return bool(device.gpus) or device.backend == "jax"


def out_of_memory(error: BaseException) -> bool:
    """Whether a backend raised it because memory ran out, of the machine or of a graphics card."""
    text = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text or "ResourceExhausted" in text


def memory_used() -> int:
    """Bytes of main memory that this process holds; 0 where the platform does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory_total() -> int:
    """Bytes of main memory in this machine; 0 where the platform does not tell."""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0


def memory_free() -> int:
    """Bytes that can be taken without swapping; 0 where the platform does not tell."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0
