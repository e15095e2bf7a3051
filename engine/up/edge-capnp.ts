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
  /** Whether V8 collects four times as often, for a third of the time; false by default. */
  readonly shortPauses?: boolean;
};

// What a request leaves in the runtime only a full collection takes away, in time that grows with the
// requests since the last one. So each collection is a full one: the heap that lives is 10 MB, to
// mark it takes 6 ms, and the new space says how often. On one thread: others would take the core
// from the Worker. At half load of 100-span requests, p99 and resident MB (`npm run bench --
// edge-steady` prints both), CPU at full load by that of V8's own ways:
//   V8's own ways   65-109 ms   232-260 MB
//   32 MiB          26          174         1 (10-span requests 0.87)
//   8 MiB           23          120         1.1
// Whoever configures chooses between the two, never flags of their own: workerd ends at one that V8
// does not know.
const newSpaceMib = 32;
const newSpaceMibShort = 8;

const v8Flags = (semiSpaceMib: number): readonly string[] => [
  "--gc-global",
  "--single-threaded-gc",
  `--min-semi-space-size=${semiSpaceMib}`,
  `--max-semi-space-size=${semiSpaceMib}`,
];

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
  const flags = v8Flags(shortPauses ? newSpaceMibShort : newSpaceMib);
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
  v8Flags = [${flags.map(text).join(", ")}],
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
