/**
 * Seals on records that make other processes act. Every process of a node can write the KV file that they share, as
 * Deno opens none that may only be read; so who may write such a record is not a matter of files: its writer signs
 * it (Ed25519, RFC 8032), and what nobody else can sign counts for nothing. Whoever can write the file can still
 * damage a record, which then counts as absent.
 *
 * The supervisor makes a pair of keys whenever it starts. The secret one goes to the manager, on its standard input;
 * everybody is told the public one.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../base/json.ts";

const ALGORITHM = "Ed25519";
/** Of a JSON Web Key of that algorithm (RFC 8037): 32 bytes, base64url. */
const keySchema = z.string().regex(/^[\w-]{43}$/);
/** Nothing that is sealed is larger, characters. */
const MAX_CHARS = 10_000;

/** What a process is told of seals; JSON. */
export const sealKeysSchema = z.object({
  /** Public keys of this run of the supervisor and of earlier ones, the newest first. */
  trusted: z.array(keySchema).min(1),
  /** The secret key of this run, of the one process that seals. */
  secret: keySchema.optional(),
});
export type SealKeys = z.infer<typeof sealKeysSchema>;

const sealedSchema = z.object({
  text: z.string().max(MAX_CHARS),
  signature: z.instanceof(Uint8Array<ArrayBuffer>),
});
/** A record as it is in the file. */
export type Sealed = z.infer<typeof sealedSchema>;

const textSchema = z.object({ name: z.string(), order: z.string(), record: z.unknown() });

/** A record whose seal holds. */
export interface Unsealed {
  /** Later records of one name compare as greater. */
  readonly order: string;
  readonly record: unknown;
}

/** A new pair of keys. */
export async function makeKeyPair(): Promise<{ readonly open: string; readonly secret: string }> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const { x, d } = await crypto.subtle.exportKey("jwk", (pair as CryptoKeyPair).privateKey);
  return { open: x!, secret: d! };
}

/** Seals records and looks at seals. */
export class Seals {
  /** @param trusted of this run first */
  private constructor(readonly trusted: readonly CryptoKey[], readonly secret: CryptoKey | null) {}

  /** @throws {Error} these are no keys. */
  static async of({ trusted, secret }: SealKeys): Promise<Seals> {
    const keys = await Promise.all(trusted.map((x) => importKey({ x }, "verify")));
    return new Seals(keys, secret ? await importKey({ x: trusted[0]!, d: secret }, "sign") : null);
  }

  /** @throws {Error} this process has no key to seal with. */
  async seal(name: string, { order, record }: Unsealed): Promise<Sealed> {
    if (this.secret === null) throw new Error(`this process may not write the record ${name}`);
    const text = JSON.stringify({ name, order, record });
    const signature = await crypto.subtle.sign(ALGORITHM, this.secret, bytesOf(text));
    return { text, signature: new Uint8Array(signature) };
  }

  /**
   * What is sealed; null: nothing whose seal holds, or it is of another record.
   *
   * @param runs how many runs of the supervisor count, this one and those before it
   */
  async unseal(name: string, value: unknown, runs: number): Promise<Unsealed | null> {
    const { text, signature } = sealedSchema.safeParse(value).data ?? {};
    if (text === undefined || signature === undefined) return null;
    const bytes = bytesOf(text);
    for (const key of this.trusted.slice(0, runs)) {
      if (!await crypto.subtle.verify(ALGORITHM, key, signature, bytes)) continue;
      const found = textSchema.safeParse(parseJson(text)).data;
      return found?.name === name ? { order: found.order, record: found.record } : null;
    }
    return null;
  }
}

function importKey(part: { x: string; d?: string }, use: "sign" | "verify"): Promise<CryptoKey> {
  const key = { kty: "OKP", crv: ALGORITHM, ...part };
  return crypto.subtle.importKey("jwk", key, ALGORITHM, false, [use]);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
