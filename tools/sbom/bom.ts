/**
 * A bill of materials in CycloneDX's JSON from `deno.lock`: every package with its digest, its licence and what it
 * depends on. The same lock gives the same bytes: there is no time in it, and its serial number is made of its
 * content.
 *
 * Source: https://cyclonedx.org/docs/1.6/json/
 *
 * @module
 */
import { createHash } from "node:crypto";

/** What `deno.lock`, version 5, says of a package of npm. */
export interface LockedPackage {
  /** `sha512-` and base64. */
  readonly integrity: string;
  /** Names, with versions where several are locked. */
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

/** What is read of `deno.lock`. */
export interface Lock {
  readonly version: string;
  /** By name, version and, after `_`, the peers that it was resolved with. */
  readonly npm?: Readonly<Record<string, LockedPackage>>;
  /** By name and version; there only without `links`. */
  readonly jsr?: Readonly<Record<string, unknown>>;
}

/** The program that the packages are of. */
export interface Product {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** URLs of the npm packages that its own sources import. */
  readonly imports: ReadonlySet<string>;
}

/** A package as the lock names it. */
export interface PackageId {
  readonly name: string;
  readonly version: string;
}

type License = { license: { id: string } | { name: string } } | { expression: string };

/** One package of the bill. */
export interface Component {
  readonly type: "library" | "application";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  /** Only tests and tools need what is `excluded`. */
  readonly scope?: "required" | "excluded";
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly License[];
  readonly purl?: string;
}

/** A bill of materials. */
export interface Bom {
  readonly $schema: string;
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly lifecycles: readonly unknown[]; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Name and version of a key of the lock. @throws {Error} it is none. */
export function packageId(key: string): PackageId {
  const found = /^((?:@[^/@]+\/)?[^/@]+)@([^_]+)(?:_.*)?$/.exec(key);
  if (!found) throw new Error(`deno.lock: ${JSON.stringify(key)} names no package and version`);
  return { name: found[1]!, version: found[2]! };
}

/** A package's URL. Source: https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
export function packageUrl({ name, version }: PackageId): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

/** Identifiers of SPDX that packages in use have; any other word is a text, which is never wrong. */
const KNOWN_LICENSES = new Set(
  "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BlueOak-1.0.0 CC0-1.0 ISC MIT MPL-2.0 Unlicense".split(
    " ",
  ),
);

/**
 * What a package's `license` says, for the bill: an identifier of SPDX, an expression of several, or a text.
 *
 * @param declared `license` of its package.json; old ones have an object
 */
export function licensesOf(declared: unknown): License[] | undefined {
  const text = typeof declared === "object" && declared !== null && "type" in declared
    ? declared.type
    : declared;
  if (typeof text !== "string" || text.trim() === "") return undefined;
  if (KNOWN_LICENSES.has(text)) return [{ license: { id: text } }];
  const words = text.split(/ (?:AND|OR) |[()]/).filter((word) => word !== "");
  if (words.every((word) => KNOWN_LICENSES.has(word))) return [{ expression: text }];
  return [{ license: { name: text } }];
}

/**
 * The bill of a product.
 *
 * @param declared what each package's package.json says of its licence
 * @throws {Error} the lock is of another kind, or lacks a digest or a package.
 */
export function billOfMaterials(
  lock: Lock,
  product: Product,
  declared: (id: PackageId) => unknown,
): Bom {
  if (lock.version !== "5") throw new Error(`deno.lock: version ${lock.version}, known is 5`);
  if (Object.keys(lock.jsr ?? {}).length > 0) {
    throw new Error(
      "deno.lock has packages of JSR, and this bill knows those of npm alone: use `links`",
    );
  }
  const graph = dependencyGraph(lock.npm ?? {});
  const required = reachable(graph, product.imports);
  const components = [...graph.values()].map(({ id, integrity }): Component => {
    const [, scope, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(id.name)!;
    return {
      type: "library",
      "bom-ref": packageUrl(id),
      ...scope && { group: scope },
      name: name!,
      version: id.version,
      scope: required.has(packageUrl(id)) ? "required" : "excluded",
      hashes: [{ alg: "SHA-512", content: hexadecimal(integrity, id) }],
      licenses: licensesOf(declared(id)),
      purl: packageUrl(id),
    };
  });
  const root = `${product.name}@${product.version}`;
  const bom: Omit<Bom, "serialNumber"> = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      lifecycles: [{ phase: "pre-build" }],
      component: {
        type: "application",
        "bom-ref": root,
        name: product.name,
        version: product.version,
        licenses: licensesOf(product.license),
      },
    },
    components,
    dependencies: [
      { ref: root, dependsOn: [...product.imports].sort() },
      ...[...graph].map(([ref, { dependsOn }]) => ({ ref, dependsOn: [...dependsOn].sort() })),
    ],
  };
  const { $schema, bomFormat, specVersion, ...rest } = bom;
  return { $schema, bomFormat, specVersion, serialNumber: serialNumber(bom), ...rest };
}

interface Node {
  readonly id: PackageId;
  readonly integrity: string;
  readonly dependsOn: Set<string>;
}

/** Packages by their URLs, in the order of these; one that is locked for several peers is one. */
function dependencyGraph(npm: Readonly<Record<string, LockedPackage>>): Map<string, Node> {
  const keys = Object.keys(npm);
  const resolve = (dependency: string, from: string): string => {
    const key = npm[dependency] ? dependency : keys.find((each) => {
      const { name, version } = packageId(each);
      return name === dependency || `${name}@${version}` === dependency;
    });
    if (!key) throw new Error(`deno.lock: ${from} depends on ${dependency}, which is not locked`);
    return packageUrl(packageId(key));
  };
  const graph = new Map<string, Node>();
  for (const key of keys) {
    const { integrity, dependencies = [], optionalDependencies = [] } = npm[key]!;
    const id = packageId(key);
    const node = graph.get(packageUrl(id)) ?? { id, integrity, dependsOn: new Set() };
    for (const each of [...dependencies, ...optionalDependencies]) {
      node.dependsOn.add(resolve(each, key));
    }
    graph.set(packageUrl(id), node);
  }
  return new Map([...graph].sort(([a], [b]) => a < b ? -1 : 1));
}

/** URLs of what is imported, and of all that these depend on. */
function reachable(graph: ReadonlyMap<string, Node>, imports: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const visit = (url: string) => {
    if (found.has(url)) return;
    found.add(url);
    const node = graph.get(url);
    if (!node) throw new Error(`deno.lock: ${url} is imported and not locked`);
    for (const next of node.dependsOn) visit(next);
  };
  for (const url of imports) visit(url);
  return found;
}

function hexadecimal(integrity: string, { name }: PackageId): string {
  const found = /^sha512-([\w+/]{86}==)$/.exec(integrity);
  if (!found) throw new Error(`deno.lock: ${name} has no SHA-512: ${JSON.stringify(integrity)}`);
  return Uint8Array.fromBase64(found[1]!).toHex();
}

/** A UUID made of the content, version 8 of RFC 9562. */
function serialNumber(content: unknown): string {
  const bytes = createHash("sha256").update(JSON.stringify(content)).digest().subarray(0, 16);
  bytes[6] = bytes[6]! & 0x0f | 0x80;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  const hex = bytes.toString("hex");
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
