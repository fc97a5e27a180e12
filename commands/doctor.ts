/**
 * `doctor`: looks at every connection, right, extension, clock and version that this node depends on,
 * and says in one line per check what is wrong and what to do. Exit code 1 when something failed.
 *
 * @module
 */
import { z } from "zod";
import type { Config } from "../lib/config/config_types.ts";
import { CHECK_MS } from "../lib/doctor/doctor.ts";
import { failed, type Finding, findingSchema, named, ok, warning } from "../lib/doctor/check.ts";
import { formatFindings, isHealthy } from "../lib/doctor/report.ts";
import { lookUpEndpoints, withEndpoints } from "../lib/node/catalogue_lookup.ts";
import { machinePlaces } from "../lib/process/machine_places.ts";
import { type PermissionPlaces, permissionRow } from "../lib/process/permissions.ts";
import { runTool } from "../lib/process/tool.ts";
import { type Command, type CommandContext, output } from "./context.ts";

/** Patience with Keystone's catalogue, ms. */
const CATALOGUE_MS = 10_000;
/** Beyond the checks' own deadline, for the process to start and to answer, ms. */
const SLACK_MS = 8000;

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Look at all that this node depends on, and say what to do",
  details: ["Exit code 1: something failed."],
  flags,
  async run(context, { output }) {
    const { resolve, launcher, print } = context;
    const { config, warnings } = resolve();
    const findings = warnings.map((text) => named("configuration", warning(text, "")));
    const warn = (message: string, fields: Record<string, unknown> = {}) => {
      findings.push(named("host names", warning(`${message} (${JSON.stringify(fields)})`, "")));
    };
    const places = await machinePlaces(config, launcher, { warn });
    const { located, trouble } = await locate(context, config, places, findings);
    const launch = launcher.prepare("doctor", permissionRow("doctor", located, places), located);
    const answer = await runTool(launch, { timeoutMs: CHECK_MS + SLACK_MS });
    const found = z.array(findingSchema).parse(answer);
    // When Keystone itself is in trouble, its own check says so.
    const keystone = found.some(({ subject, state }) =>
      subject === "keystone" && state === "failed"
    );
    if (trouble && !keystone) findings.push(trouble);
    findings.push(...found);
    print(output === "json" ? JSON.stringify(findings, null, 2) : formatFindings(findings));
    return isHealthy(findings) ? 0 : 1;
  },
};

/** With the catalogue's endpoints, or why they cannot be had. */
async function locate(
  { launcher }: CommandContext,
  config: Config,
  places: PermissionPlaces,
  findings: Finding[],
): Promise<{ located: Config; trouble: Finding | null }> {
  const { neutron, nova } = config.openstack.fromCatalogue;
  if (!neutron && !nova) return { located: config, trouble: null };
  try {
    const signal = AbortSignal.timeout(CATALOGUE_MS);
    const found = await lookUpEndpoints(config, { launcher, places, signal });
    for (const note of found.notes) findings.push(named("catalogue", ok(note)));
    return { located: withEndpoints(config, found), trouble: null };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const verdict = failed(text, "see docs/keystone.md");
    return { located: config, trouble: named("catalogue", verdict) };
  }
}
