// Look-ups over a resolved registry, by text: for files and tools, where the edge has compiled tables.
// The last definition of a name wins, as in Weaver; templates are found longest first.
import type { Profile } from "../../schemas/validate/finding-table.ts";
import { attributeKey } from "../../schemas/weaver/attribute-type.ts";
import type {
  ResolvedAttribute,
  ResolvedGroup,
  ResolvedRegistry,
} from "../../schemas/weaver/resolved.ts";

/** `template[string]` without the wrapper; null for anything else. */
export const templateElement = ({ type }: ResolvedAttribute): string | null =>
  typeof type === "string" && type.startsWith("template[") ? type.slice(9, -1) : null;

/** The prefixes of a key before each dot, shortest first, without the key itself. */
const namespacesOf = (key: string): string[] => {
  const out: string[] = [];
  for (let dot = key.indexOf("."); dot >= 0; dot = key.indexOf(".", dot + 1)) {
    out.push(key.slice(0, dot));
  }
  return out;
};

/** Whether the key is an instance of the template. Weaver takes any longer key, we want the dot. */
const extendsTemplate = (key: string, template: string, profile: Profile): boolean =>
  profile === "weaver"
    ? key.startsWith(template)
    : key.length > template.length + 1 && key.startsWith(`${template}.`);

/** One per registry and profile; read-only after construction. */
export class RegistryIndex {
  readonly #profile: Profile;
  readonly #attributes = new Map<string, ResolvedAttribute>();
  readonly #templates: readonly ResolvedAttribute[];
  readonly #metrics = new Map<string, ResolvedGroup>();
  readonly #events = new Map<string, ResolvedGroup>();
  readonly #entities = new Map<string, ResolvedGroup>();
  readonly #namespaces: ReadonlySet<string>;
  readonly groups: readonly ResolvedGroup[];

  constructor(registry: ResolvedRegistry, profile: Profile) {
    this.#profile = profile;
    this.groups = registry.groups;
    const templates = new Map<string, ResolvedAttribute>();
    for (const group of registry.groups) {
      this.#addSignal(group);
      for (const attribute of group.attributes) {
        const isTemplate = templateElement(attribute) !== null;
        (isTemplate ? templates : this.#attributes).set(attribute.name, attribute);
      }
    }
    this.#templates = [...templates.values()].sort((a, b) => b.name.length - a.name.length);
    this.#namespaces = new Set([...this.#attributes.keys()].flatMap(namespacesOf));
  }

  #addSignal(group: ResolvedGroup): void {
    const { type, metric_name: metric, name } = group;
    if (type === "metric" && metric !== undefined) this.#metrics.set(metric, group);
    if (type === "event" && name !== undefined) this.#events.set(name, group);
    if (type === "entity" && name !== undefined) this.#entities.set(name, group);
  }

  attribute(key: string): ResolvedAttribute | undefined {
    return this.#attributes.get(key);
  }

  /** The longest template that the key is an instance of. */
  template(key: string): ResolvedAttribute | undefined {
    return this.#templates.find(({ name }) => extendsTemplate(key, name, this.#profile));
  }

  /** The definition that a key falls under, by its `attributeKey`; an unknown key is itself. */
  definedAs(key: string): string {
    const attribute = this.attribute(key) ?? this.template(key);
    return attribute === undefined ? key : attributeKey(attribute);
  }

  metric(name: string): ResolvedGroup | undefined {
    return this.#metrics.get(name);
  }

  event(name: string): ResolvedGroup | undefined {
    return this.#events.get(name);
  }

  entity(type: string): ResolvedGroup | undefined {
    return this.#entities.get(type);
  }

  /** Prefixes of the key that are attributes themselves and not deprecated: they cannot have parts. */
  illegalNamespaces(key: string): readonly string[] {
    return namespacesOf(key).filter((prefix) => {
      const attribute = this.#attributes.get(prefix);
      return attribute !== undefined && attribute.deprecated === undefined;
    });
  }

  /** The longest namespace of the registry that an unknown key stands in; null for known keys. */
  extendedNamespace(key: string): string | null {
    if (this.#attributes.has(key) || this.template(key) !== undefined) return null;
    return namespacesOf(key).findLast((prefix) => this.#namespaces.has(prefix)) ?? null;
  }
}
