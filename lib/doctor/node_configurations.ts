/** Whether the nodes that run are configured alike, as they have told each other. @module */
import type { Clock } from "../base/clock.ts";
import { parseJson } from "../base/json.ts";
import { conductorPrefix } from "../calico/keys.ts";
import type { Config } from "../config/config_types.ts";
import { compareConfigurations } from "../election/compare_configurations.ts";
import { OtherRegions } from "../election/other_regions.ts";
import { openEtcd } from "../etcd/client.ts";
import { differencesText } from "../health/configurations.ts";
import { registrationSchema } from "../state/records.ts";
import { NO_ANSWER } from "./node.ts";
import { type Check, ok, skipped, type Verdict, warning } from "./check.ts";

const MAX_NODES = 50;
const MAX_NAMED = 5;

/** The check. */
export function nodeConfigurationsCheck(config: Config, clock: Clock): Check {
  return {
    name: "configurations of other nodes",
    advice: "look at etcd above",
    run: () => compare(config, clock),
  };
}

async function compare({ etcd: config, region, nodeName }: Config, clock: Clock): Promise<Verdict> {
  const etcd = openEtcd(config);
  try {
    const below = `${conductorPrefix(region)}nodes/`;
    const texts = Object.values(await etcd.getAll().prefix(below).limit(MAX_NODES).strings());
    const nodes = texts.flatMap((text) => {
      const parsed = registrationSchema.safeParse(parseJson(text));
      return parsed.success ? [parsed.data] : [];
    });
    const own = nodes.find(({ name }) => name === nodeName);
    if (!own?.configuration) return skipped("this node does not run, or is of an older version");
    const { name, version, configuration } = own;
    const elsewhere = await new OtherRegions(etcd, region, clock).read();
    const { same, unknown, differing } = compareConfigurations(
      { name, version, configuration },
      nodes,
      elsewhere,
    );
    if (differing.length > 0) {
      const named = differing.slice(0, MAX_NAMED)
        .map((each) => `${each.node} differs in ${differencesText(each)}`);
      return warning(named.join("; "), "compare the output of the command config on both");
    }
    const found = `${same.length} as this node's`;
    return ok(unknown.length === 0 ? found : `${found}, ${unknown.length} not known`);
  } catch {
    return skipped(NO_ANSWER);
  } finally {
    etcd.close();
  }
}
