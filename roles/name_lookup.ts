/** Looks host names up: told a list of names, answers with each name's addresses. @module */
import { lookup } from "node:dns/promises";
import { runTool } from "../lib/role/run_tool.ts";

await runTool(async (names: readonly string[]) => {
  const found: Record<string, string[]> = {};
  await Promise.all(names.map(async (name) => {
    const answers = await lookup(name, { all: true }).catch(() => []);
    found[name] = answers.map(({ address, family }) => family === 6 ? `[${address}]` : address);
  }));
  return found;
});
