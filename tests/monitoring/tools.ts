/** Prometheus's own tools. @module */
import { assert } from "../support/assert.ts";

/** One family as prometheus_client's OpenMetrics parser sees it. */
export interface ParsedFamily {
  name: string;
  type: string;
  unit: string;
  help: string;
  samples: [name: string, labels: Record<string, string>, value: number][];
}

const PARSE = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(json.dumps([{
    "name": f.name, "type": f.type, "unit": f.unit, "help": f.documentation,
    "samples": [[s.name, s.labels, s.value] for s in f.samples],
} for f in text_string_to_metric_families(sys.stdin.read())]))
`;

/** Runs a program with that standard input; fails, with what it says, when it does. */
export async function run(command: string, args: string[], input = ""): Promise<string> {
  const child = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `${command}: ${out}${err}`);
  return out!;
}

/** The families of an OpenMetrics text, by a parser that refuses what is not. */
export async function parseOpenMetrics(text: string): Promise<ParsedFamily[]> {
  return JSON.parse(await run("/usr/bin/python3", ["-c", PARSE], text));
}
