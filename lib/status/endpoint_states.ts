/** The newest status of every endpoint, by its key, packed: some 60 bytes each. @module */
import { PackedIndex } from "../packed/packed_index.ts";
import type { PortStatus } from "./felix_status.ts";

const NAMES: readonly PortStatus[] = ["ACTIVE", "DOWN", "ERROR"];

/** A `Map` from keys to statuses, which also counts. */
export class EndpointStates {
  readonly #index = new PackedIndex(2);
  /** Index of the status in NAMES. */
  readonly #numbers = this.#index.column(Uint8Array);
  readonly #counts = NAMES.map(() => 0);

  get size(): number {
    return this.#index.size;
  }

  get(key: string): PortStatus | undefined {
    const row = this.#index.find(key);
    return row < 0 ? undefined : NAMES[this.#numbers.values[row]!];
  }

  set(key: string, status: PortStatus): void {
    const known = this.#index.find(key);
    const row = known < 0 ? this.#index.add(key) : known;
    if (known >= 0) this.#counts[this.#numbers.values[row]!]!--;
    const number = NAMES.indexOf(status);
    this.#numbers.values[row] = number;
    this.#counts[number]!++;
  }

  delete(key: string): void {
    const row = this.#index.find(key);
    if (row < 0) return;
    this.#counts[this.#numbers.values[row]!]!--;
    this.#index.remove(row);
  }

  /** How many endpoints have which status; a status that none has is left out. */
  byStatus(): Record<string, number> {
    const counted = NAMES.map((name, i) => [name, this.#counts[i]!] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }
}
