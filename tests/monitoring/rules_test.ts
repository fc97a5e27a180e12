import { assert, assertEquals } from "../support/assert.ts";
import { fullMetrics } from "./full_metrics.ts";
import { parseOpenMetrics, run } from "./tools.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const ALERTS = `${ROOT}contrib/prometheus/alerts.yaml`;
const DASHBOARD = `${ROOT}contrib/grafana/calico-conductor.json`;

/** Names under which a scrape of `/metrics` stores its samples. */
async function scraped(): Promise<Set<string>> {
  const families = await parseOpenMetrics((await fullMetrics()).text);
  return new Set(families.flatMap(({ samples }) => samples.map(([name]) => name)));
}

function used(expressions: string[]): string[] {
  return [...new Set(expressions.flatMap((text) => text.match(/conductor_[a-z_]+/g) ?? []))];
}

Deno.test("the alerts are valid, and fire when they should and only then", async () => {
  await run("promtool", ["check", "rules", ALERTS]);
  await run("promtool", ["test", "rules", `${ROOT}tests/monitoring/rules_test.yaml`]);
});

Deno.test("every alert has a case in which it fires", async () => {
  const names = (await Deno.readTextFile(ALERTS)).match(/(?<=alert: )\w+/g)!;
  const cases = await Deno.readTextFile(`${ROOT}tests/monitoring/rules_test.yaml`);
  for (const name of names) assert(cases.includes(`alertname="${name}"`), `${name} is not tested`);
});

Deno.test("the alerts use metrics that exist", async () => {
  const names = used([(await Deno.readTextFile(ALERTS)).replaceAll(/^\s*#.*$/gm, "")]);
  const exist = await scraped();
  assert(names.length >= 12, `${names.length} found`);
  assertEquals(names.filter((name) => !exist.has(name)), []);
});

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig?: { defaults: { unit?: string } };
}

Deno.test("the dashboard uses metrics that exist, in queries that are valid, with units", async () => {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD)) as { panels: Panel[] };
  const exist = await scraped();
  const rules: string[] = [];
  for (const { title, type, targets = [], fieldConfig } of panels) {
    if (type === "row") continue;
    assert(targets.length > 0, `${title} asks nothing`);
    const names = used(targets.map(({ expr }) => expr));
    assert(names.length > 0, `${title} uses none of our metrics`);
    assertEquals(names.filter((name) => !exist.has(name)), [], title);
    assert(fieldConfig?.defaults.unit, `${title} has no unit`);
    for (const { expr } of targets) {
      // Grafana's variables, as Prometheus would get them.
      const plain = expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$\w+/g, "x");
      rules.push(`      - { record: "x:${rules.length}", expr: ${JSON.stringify(plain)} }`);
    }
  }
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, `groups:\n  - name: queries\n    rules:\n${rules.join("\n")}\n`);
  await run("promtool", ["check", "rules", file]);
  await Deno.remove(file);
});

Deno.test("the dashboard's panels do not lie upon each other", async () => {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD)) as { panels: Panel[] };
  const taken = new Map<string, string>();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    assert(x + w <= 24, `${title} is too wide`);
    for (let i = x; i < x + w; i++) {
      for (let j = y; j < y + h; j++) {
        assertEquals(taken.get(`${i},${j}`), undefined, title);
        taken.set(`${i},${j}`, title);
      }
    }
  }
});
