/**
 * Addresses and networks as text, read as strictly as Go's `net.ParseIP` and `net.ParseCIDR` do: what Felix
 * cannot read it skips or refuses, and a rule whose network is skipped allows everybody. Pure.
 *
 * @module
 */

/** An address is a network of one. */
export interface IpNetwork {
  readonly version: 4 | 6;
  /** The address, 32 or 128 bits; those beyond the prefix may be set. */
  readonly bits: bigint;
  /** Length of the prefix, bits. */
  readonly length: number;
}

const BITS = { 4: 32, 6: 128 } as const;
const V4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const LENGTH = /^(?:0|[1-9]\d{0,2})$/;
/** `::ffff:0:0/96`: Go takes these for IPv4. */
const MAPPED = 0xffffn;

/** Null: it is neither an address nor a network that Felix would read the same way. */
export function parseNetwork(text: string): IpNetwork | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const version = address.includes(":") ? 6 : 4;
  const bits = version === 4 ? parseV4(address) : parseV6(address);
  if (bits === null || (version === 6 && bits >> 32n === MAPPED)) return null;
  if (slash < 0) return { version, bits, length: BITS[version] };
  const prefix = text.slice(slash + 1);
  const length = LENGTH.test(prefix) ? Number(prefix) : Infinity;
  return length <= BITS[version] ? { version, bits, length } : null;
}

/** A network as netaddr prints it: IPv6 in lower case, its longest run of zeros as `::`. What is none stays. */
export function canonicalNetwork(text: string): string {
  const network = parseNetwork(text);
  if (network?.version !== 6) return text;
  const address = new URL(`http://[${text.split("/")[0]}]`).hostname.slice(1, -1);
  return `${address}/${network.length}`;
}

/** An address as a network of one. */
export function withPrefix(address: string): string {
  if (address.includes("/")) return address;
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

/** Whether it is one address. */
export function isSingle({ version, length }: IpNetwork): boolean {
  return length === BITS[version];
}

/** Whether all of `inner` lies within `outer`. */
export function contains(outer: IpNetwork, inner: IpNetwork): boolean {
  if (outer.version !== inner.version || outer.length > inner.length) return false;
  return prefixOf(outer, outer.length) === prefixOf(inner, outer.length);
}

/** Networks, asked which of them contain an address: as fast whatever their number. */
export class NetworkSet {
  /** Prefixes by version and length. */
  readonly #prefixes = new Map<string, { readonly of: IpNetwork; readonly bits: Set<bigint> }>();

  constructor(networks: Iterable<IpNetwork>) {
    for (const network of networks) {
      const name = `${network.version}/${network.length}`;
      const known = this.#prefixes.get(name) ?? { of: network, bits: new Set() };
      known.bits.add(prefixOf(network, network.length));
      this.#prefixes.set(name, known);
    }
  }

  /** Whether one of them contains it. */
  contains(inner: IpNetwork): boolean {
    for (const { of: { version, length }, bits } of this.#prefixes.values()) {
      if (version !== inner.version || length > inner.length) continue;
      if (bits.has(prefixOf(inner, length))) return true;
    }
    return false;
  }
}

function prefixOf({ version, bits }: IpNetwork, length: number): bigint {
  return bits >> BigInt(BITS[version] - length);
}

function parseV4(text: string): bigint | null {
  const octets = V4.exec(text)?.slice(1).map(Number);
  if (!octets || octets.some((octet) => octet > 255)) return null;
  return BigInt(octets.reduce((bits, octet) => bits * 256 + octet, 0));
}

function parseV6(text: string): bigint | null {
  const [head, tail, ...more] = text.split("::");
  if (head === undefined || more.length > 0) return null;
  const before = parseGroups(head, tail === undefined);
  const after = tail === undefined ? [] : parseGroups(tail, true);
  if (!before || !after) return null;
  const zeros = 8 - before.length - after.length;
  // `::` stands for one group of zeros at least.
  if (tail === undefined ? zeros !== 0 : zeros < 1) return null;
  const groups = [...before, ...Array(zeros).fill(0n), ...after];
  return groups.reduce((bits, group) => (bits << 16n) | group, 0n);
}

/** Groups of 16 bits; the last may be an IPv4 address, which is two of them, when nothing follows. */
function parseGroups(text: string, isLast: boolean): bigint[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const v4 = isLast && parts.at(-1)!.includes(".") ? parseV4(parts.pop()!) : undefined;
  if (v4 === null || parts.some((part) => !GROUP.test(part))) return null;
  const groups = parts.map((part) => BigInt(`0x${part}`));
  return v4 === undefined ? groups : [...groups, v4 >> 16n, v4 & 0xffffn];
}
