/** This node's configuration beside those that other nodes have registered. Pure. @module */
import { clip } from "../base/clip.ts";
import { NO_SECTION } from "../config/configuration_digests.ts";
import type { Comparison, ConfigurationRecord, Registration } from "../state/records.ts";

const MAX_NODES = 20;
const MAX_DIFFERENCES = 20;
const MAX_CHARS = 63;

type Difference = Comparison["differing"][number]["differences"][number];

/** What a node compares itself by. */
export interface Own {
  readonly name: string;
  readonly version: string;
  readonly configuration: ConfigurationRecord;
}

/**
 * The comparison with all others.
 *
 * @param nodes those of this node's region
 * @param elsewhere those of other region strings: each is another region's, unless it serves the same Neutron
 */
export function compareConfigurations(
  own: Own,
  nodes: readonly Registration[],
  elsewhere: readonly Registration[],
): Comparison {
  const { cloud } = own.configuration;
  const astray = elsewhere.filter(({ configuration }) =>
    cloud !== null && configuration?.cloud === cloud
  );
  const found: Comparison = { same: [], unknown: [], differing: [] };
  for (const { name, version, configuration } of [...nodes, ...astray]) {
    if (name === own.name) continue; // elsewhere it is what is left of this node's last start
    const node = clip(name, MAX_CHARS);
    if (!configuration) found.unknown.push(node);
    else {
      const differences = differencesOf(own, { name, version, configuration });
      if (differences.length === 0) found.same.push(node);
      else if (found.differing.length < MAX_NODES) found.differing.push({ node, differences });
    }
  }
  return found;
}

function differencesOf(own: Own, other: Own): Difference[] {
  const [here, there] = [own.configuration, other.configuration];
  const found: Difference[] = [];
  const told = (what: string, mine: string, theirs: string) => {
    if (mine === theirs) return;
    found.push({ what, here: clip(mine, MAX_CHARS), there: clip(theirs, MAX_CHARS) });
  };
  told("version", own.version, other.version);
  told("region", here.region ?? NO_SECTION, there.region ?? NO_SECTION);
  for (const [what, mine] of Object.entries(here.sections)) {
    const theirs = there.sections[what];
    // A section that another version does not have cannot be compared.
    if (theirs === undefined || theirs === mine) continue;
    const shown = (digest: string) => digest === NO_SECTION ? NO_SECTION : null;
    found.push({ what, here: shown(mine), there: shown(theirs) });
  }
  return found.slice(0, MAX_DIFFERENCES);
}
