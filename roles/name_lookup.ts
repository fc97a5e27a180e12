/**
 * Looks host names up for the supervisor, which has no network: names in the arguments, one JSON
 * object of their addresses on standard output. Allowed to do nothing else.
 *
 * @module
 */
import { lookup } from "node:dns/promises";

const found: Record<string, string[]> = {};
await Promise.all(Deno.args.map(async (name) => {
  const answers = await lookup(name, { all: true }).catch(() => []);
  found[name] = answers.map(({ address, family }) => family === 6 ? `[${address}]` : address);
}));
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(found)));
Deno.exit(0);
