/** How long a benchmark may take: `BENCH_QUICK` for a try, not for figures. @module */

/** Small sizes and short runs. */
export const QUICK = Deno.env.get("BENCH_QUICK") === "1";

/** A number from the environment, else the usual one. */
export function setting(name: string, usual: number, quick: number): number {
  const text = Deno.env.get(name);
  return text ? Number(text) : QUICK ? quick : usual;
}
