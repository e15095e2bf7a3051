// workerd's configuration for the edge on this machine: one Worker, one socket, its objects on
// local disk. Values of variables come from the environment, so that no key stands in a file.
import { dirname, join } from "node:path";

import type { EdgeBundle } from "./edge-bundle.ts";

/** What goes into the configuration. */
export type CapnpOptions = {
  readonly bundle: EdgeBundle;
  /** Path of the module as seen from the configuration's folder. */
  readonly module: string;
  readonly varNames: readonly string[];
  /** Certificate authorities (PEM) that are trusted beside the public ones. */
  readonly authorities?: string | null;
  /** host:port that serves each KV namespace, by binding; one without an address is left unbound. */
  readonly keyValues: { readonly [binding: string]: string };
  /** Whether V8 runs with `shortPauseFlags`; false by default. */
  readonly shortPauses?: boolean;
};

// Semi-spaces of 2 MiB, collected without threads that take the core from the Worker, make
// V8's full collections shorter and more frequent: at half load of 100-span requests, workerd on one
// core, p99 35 instead of 89 ms and 185 instead of 260 MB resident, for about 6 % more CPU a span
// (`npm run bench -- edge-steady` prints both). Whoever configures chooses the pair, never flags of
// their own: workerd ends at one that V8 does not know.
const shortPauseFlags = ["--max-semi-space-size=2", "--single-threaded-gc"];

/** Environment variable that carries a Worker's variable. */
export const environmentName = (varName: string): string => `WEIR_EDGE_${varName}`;

const text = (value: string): string => JSON.stringify(value);

/**
 * Raw workerd reaches loopback and private addresses only when they are allowed by name; objects
 * keep their storage only with SQL enabled and a disk service.
 */
export const edgeCapnp = ({
  bundle,
  module,
  varNames,
  keyValues,
  ...rest
}: CapnpOptions): string => {
  const bound = bundle.keyValues.flatMap((binding) => {
    const address = keyValues[binding];
    return address === undefined ? [] : [{ binding, address, service: `kv-${binding}` }];
  });
  const stores = bound.map(
    ({ binding, service }) => `(name = ${text(binding)}, kvNamespace = ${text(service)})`,
  );
  const storeServices = bound.map(
    ({ address, service }) =>
      `(name = ${text(service)}, external = (address = ${text(address)}, http = ())),\n    `,
  );
  const objects = bundle.objects.map(
    ({ binding, className }) =>
      `(name = ${text(binding)}, durableObjectNamespace = ${text(className)})`,
  );
  const vars = varNames.map(
    (name) => `(name = ${text(name)}, fromEnvironment = ${text(environmentName(name))})`,
  );
  const wasm = bundle.wasmModules.map(
    (name) => `, (name = ${text(name)}, wasm = embed ${text(join(dirname(module), name))})`,
  );
  const namespaces = bundle.objects.map(
    ({ className }) =>
      `(className = ${text(className)}, uniqueKey = ${text(`weir-${className}`)}, enableSql = true)`,
  );
  const { authorities = null, shortPauses = false } = rest;
  const v8Flags = shortPauses ? shortPauseFlags : [];
  const trusted = authorities === null ? "" : `, trustedCertificates = [${text(authorities)}]`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "objects", disk = (writable = true)),
    ${storeServices.join("")}(name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true${trusted}),
    )),
  ],
  sockets = [(name = "http", http = (), service = "edge")],
  v8Flags = [${v8Flags.map(text).join(", ")}],
);

const edge :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed ${text(module)})${wasm.join("")}],
  compatibilityDate = ${text(bundle.compatibilityDate)},
  compatibilityFlags = [${bundle.compatibilityFlags.map(text).join(", ")}],
  bindings = [
    ${[...objects, ...stores, ...vars].join(",\n    ")},
  ],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
);
`;
};
