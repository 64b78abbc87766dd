"""Google's SQL analyzer and reference engine (PyPI zetasql, WebAssembly), started in milliseconds.

The package as shipped compiles its module for 45 s in every process and copies bytes one at a time. Here the compiled
module is kept on disk and bytes are moved in blocks.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import importlib.resources
import os
import platform
import re
import threading
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.message import Message
from wasmtime import Config, Engine, Linker, Module, SharedMemory, Store, Trap, WasiConfig, WasmtimeError
from zetasql.wasi import get_wasm_path

Response = TypeVar("Response", bound=Message)

CACHE = Path(__file__).parents[3] / ".environments" / "zetasql"
# Deep expressions need more than the default of 512 KiB; more than 2 MiB aborts the process (wasmtime 50).
STACK = 2 << 20
# Bytes of linear memory after which a new instance is started: it never shrinks.
MEMORY = 1 << 30


class ModuleError(Exception):
    """What the module answers instead of a response: an absl::Status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ModuleTrapError(Exception):
    """The module ended in a trap, e.g. because its stack overflowed. A new instance has taken its place."""


def compiled_module(engine: Engine, cache: Path = CACHE) -> Module:
    """The module for this machine, compiled only if it is not in the cache."""
    versions = [importlib.metadata.version(name) for name in ("zetasql", "wasmtime")]
    # The machine code depends on the features of the processor; wasmtime refuses to load what it cannot run.
    cpu = Path("/proc/cpuinfo")
    flags = sorted(set(re.findall(r"^flags.*$", cpu.read_text(), re.MULTILINE))) if cpu.exists() else []
    parts = [*versions, platform.machine(), platform.system(), str(STACK), *flags]
    path = cache / f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}.cwasm"
    if path.exists():
        try:
            return Module.deserialize_file(engine, str(path))
        except WasmtimeError:
            path.unlink(missing_ok=True)
    module = Module.from_file(engine, str(get_wasm_path()))
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(module.serialize())
    unfinished.replace(path)
    return module


class Instance:
    """One running copy of the module."""

    def __init__(self, engine: Engine, module: Module) -> None:
        wasi = WasiConfig()
        wasi.inherit_stderr()
        wasi.preopen_dir(str(importlib.resources.files("tzdata") / "zoneinfo"), "/usr/share/zoneinfo")
        self.store = Store(engine)
        self.store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        self.exports: Any = linker.instantiate(self.store, module).exports(self.store)
        self.exports["_initialize"](self.store)
        self.functions: dict[str, Any] = {}
        self.memory = self.exports["memory"]

    def call(self, function: str, *arguments: int) -> Any:
        found = self.functions.get(function)
        if found is None:
            found = self.functions[function] = self.exports[function]
        return found(self.store, *arguments)

    def base(self) -> int:
        """Address of the linear memory, which moves when it grows."""
        arguments = () if isinstance(self.memory, SharedMemory) else (self.store,)
        return ctypes.addressof(self.memory.data_ptr(*arguments).contents)

    def size(self) -> int:
        arguments = () if isinstance(self.memory, SharedMemory) else (self.store,)
        return int(self.memory.data_len(*arguments))

    def read(self, pointer: int, size: int) -> bytes:
        return ctypes.string_at(self.base() + pointer, size)

    def request(self, method: str, request: bytes) -> bytes:
        """Raises ModuleError, and Trap, after which the instance must not be used."""
        pointer = self.call("wasm_malloc", len(request) + 4)
        size_pointer = self.call("wasm_malloc", 4)
        ctypes.memmove(self.base() + pointer, request, len(request))
        answer = self.call(f"ZetaSqlLocalService_{method}", pointer, len(request), size_pointer)
        response = b""
        if answer:
            size = int.from_bytes(self.read(size_pointer, 4), "little")
            response = self.read(answer, size)
            self.call("wasm_free", answer)
        self.call("wasm_free", pointer)
        self.call("wasm_free", size_pointer)
        if not answer:
            size = self.call("wasm_get_last_error_size")
            error = self.read(self.call("wasm_get_last_error"), size).decode(errors="replace")
            match = re.fullmatch(r"Code: (\d+), Message: (.*)", error.rstrip("\0"), re.DOTALL)
            raise ModuleError(int(match[1]), match[2]) if match else ModuleError(2, error)
        return response


class ZetaSql:
    """The service, for any number of threads: one call at a time, for a second one would abort the process."""

    def __init__(self, cache: Path = CACHE) -> None:
        config = Config()
        config.shared_memory = True
        config.max_wasm_stack = STACK
        self._lock = threading.RLock()
        self._engine = Engine(config)
        self._module = compiled_module(self._engine, cache)
        self._instance = Instance(self._engine, self._module)
        self.generation = 0

    def call(self, method: str, request: Message, response_type: type[Response]) -> Response:
        """Call a method of ZetaSqlLocalService, e.g. `Analyze`. Raises ModuleError, ModuleTrapError."""
        response: Response = response_type()
        response.ParseFromString(self.call_raw(method, request.SerializeToString()))
        return response

    def call_raw(self, method: str, request: bytes) -> bytes:
        """The same in wire format, for trees nested deeper than protobuf decodes."""
        with self._lock:
            try:
                return self._instance.request(method, request)
            except (Trap, WasmtimeError) as trap:
                self.restart()
                raise ModuleTrapError(str(trap).partition("\n")[0]) from trap
            finally:
                if self._instance.size() > MEMORY:
                    self.restart()

    def restart(self) -> None:
        """Start anew: what was registered or prepared is gone, and `generation` says so."""
        with self._lock:
            self._instance = Instance(self._engine, self._module)
            self.generation += 1
