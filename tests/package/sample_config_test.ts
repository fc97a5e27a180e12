import { assert, assertEquals } from "../support/assert.ts";
import { OPTIONS } from "../../lib/config/options.ts";
import { readConfigFile } from "../../lib/config/oslo_file.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { sampleConfig } from "../../tools/package/sample_config.ts";

const SAMPLE = sampleConfig();
const resolve = (text: string) =>
  resolveConfig({ flags: {}, env: {}, files: [{ path: "sample", text }], hostname: "h" });

Deno.test("the sample is understood, and nothing in it is in force", () => {
  const { values, broken, sections } = readConfigFile(SAMPLE);
  assertEquals([[...values], broken, sections], [[], [], 1]);
  const none = resolveConfig({ flags: {}, env: {}, files: [], hostname: "h" });
  assertEquals(resolve(SAMPLE), none);
});

Deno.test("the sample has every option; as they stand they are the defaults, and a secret is none of them", () => {
  for (const { name, secret } of OPTIONS) {
    const [line, file] = [`\n#${name} =`, `# Secret: /etc/calico-conductor/credentials/${name}\n`];
    assertEquals([SAMPLE.includes(line), SAMPLE.includes(file)], [!secret, secret === true], name);
  }
  for (const { name, fallback, secret } of OPTIONS) {
    if (fallback === null || secret) continue;
    // One at a time: a setting of a cloud, given, is one.
    const text = SAMPLE.replace(`\n#${name} =`, `\n${name} =`);
    const { effective, warnings } = resolve(text);
    const found = effective.find(({ option }) => option.name === name)!;
    assert(found.source === `sample [conductor] ${name}` || name === "lab", found.source);
    assert(name === "lab" || found.value === fallback, name);
    assert(!warnings.some((line) => line.includes("not known")), name);
  }
});

Deno.test("no line of the sample is longer than a terminal is wide", () => {
  assertEquals(SAMPLE.split("\n").filter((line) => line.length > 100), []);
});
