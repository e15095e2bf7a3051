// workerd's configuration for the edge on this machine: a Worker that answers on one socket, one
// that holds the objects, which keep what they store on local disk. Values of variables come from the
// environment, so that no key stands in a file.
import { dirname, join, relative } from "node:path";

import type { EdgeBundle, EdgeModule } from "./edge-bundle.ts";

/** What goes into the configuration. */
export type CapnpOptions = {
  readonly bundle: EdgeBundle;
  /** The configuration's own folder: files are embedded by their paths from there. */
  readonly folder: string;
  readonly varNames: readonly string[];
  /** Certificate authorities (PEM) that are trusted beside the public ones. */
  readonly authorities?: string | null;
  /** host:port that serves each KV namespace, by binding; one without an address is left unbound. */
  readonly keyValues: { readonly [binding: string]: string };
  /** Whether V8 collects more often and for shorter; false by default. */
  readonly shortPauses?: boolean;
};

// What a request leaves in the runtime only a full collection takes away, in time that grows with the
// requests since the last one. So each collection is a full one, and the new space says how often. To
// mark what lives takes half of it: in two isolates, half each, as the one that answers needs no Kafka
// client and the objects no registry. On one thread: others would take the core from the Worker.
// At half load of 100-span requests, median of eight runs in turn beside one broker that was warm:
//           p99        of a core    pauses of the Worker
//   8 MiB   13.9 ms    0.46         9 ms each 520
//   6 MiB   12.6 ms    0.46
//   4 MiB   13.2 ms    0.48
// Whoever configures chooses between the two, never flags of their own: workerd ends at one that V8
// does not know.
const newSpaceMib = 6;
const newSpaceMibShort = 4;

const v8Flags = (semiSpaceMib: number): readonly string[] => [
  "--gc-global",
  "--single-threaded-gc",
  `--min-semi-space-size=${semiSpaceMib}`,
  `--max-semi-space-size=${semiSpaceMib}`,
];

/** Environment variable that carries a Worker's variable. */
export const environmentName = (varName: string): string => `WEIR_EDGE_${varName}`;

const text = (value: string): string => JSON.stringify(value);

/** A Worker's modules, and how workerd is to run them. */
const code = ({ bundle, folder }: CapnpOptions, { path, wasmModules }: EdgeModule): string => {
  const from = relative(folder, path);
  const wasm = wasmModules.map(
    (name) => `, (name = ${text(name)}, wasm = embed ${text(join(dirname(from), name))})`,
  );
  return `modules = [(name = "worker", esModule = embed ${text(from)})${wasm.join("")}],
  compatibilityDate = ${text(bundle.compatibilityDate)},
  compatibilityFlags = [${bundle.compatibilityFlags.map(text).join(", ")}],`;
};

/**
 * Raw workerd reaches loopback and private addresses only when they are allowed by name; objects
 * keep their storage only with SQL enabled and a disk service.
 */
export const edgeCapnp = (options: CapnpOptions): string => {
  const { bundle, varNames, keyValues, authorities = null, shortPauses = false } = options;
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
      `(name = ${text(binding)}, durableObjectNamespace = ` +
      `(className = ${text(className)}, serviceName = "forwarder"))`,
  );
  const vars = varNames.map(
    (name) => `(name = ${text(name)}, fromEnvironment = ${text(environmentName(name))})`,
  );
  const namespaces = bundle.objects.map(
    ({ className }) =>
      `(className = ${text(className)}, uniqueKey = ${text(`weir-${className}`)}, enableSql = true)`,
  );
  const flags = v8Flags(shortPauses ? newSpaceMibShort : newSpaceMib);
  const trusted = authorities === null ? "" : `, trustedCertificates = [${text(authorities)}]`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "forwarder", worker = .forwarder),
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
  ${code(options, bundle.front)}
  bindings = [
    ${[...objects, ...stores, ...vars].join(",\n    ")},
  ],
);

const forwarder :Workerd.Worker = (
  ${code(options, bundle.forwarder)}
  bindings = [${vars.join(",\n    ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "objects"),
);
`;
};
