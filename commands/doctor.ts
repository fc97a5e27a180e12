/**
 * `doctor`: looks at every connection, right, extension, clock and version that this node depends on,
 * and says in one line per check what is wrong and what to do. Exit code 1 when something failed.
 *
 * @module
 */
import { z } from "zod";
import { CHECK_MS } from "../lib/doctor/doctor.ts";
import { failed, findingSchema, named, ok, warning } from "../lib/doctor/check.ts";
import { formatFindings, isHealthy } from "../lib/doctor/report.ts";
import { machinePlaces } from "../lib/process/machine_places.ts";
import { permissionRow } from "../lib/process/permissions.ts";
import { runTool } from "../lib/process/tool.ts";
import { type Command, output } from "./context.ts";
import { located } from "./located.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

/** Beyond the checks' own deadline, for the process to start and to answer, ms. */
const SLACK_MS = 8000;

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Look at all that this node depends on, and say what to do",
  details: [RUNNING_NODE, "Exit code 1: something failed."],
  examples: [
    { words: "doctor", does: "Look at what the running node depends on" },
    {
      words: "doctor --config-file /etc/neutron/neutron.conf",
      does: "The same before a node is started",
    },
  ],
  flags,
  async run(context, { output }) {
    const { launcher, print } = context;
    const { config, warnings } = await settingsOf(context, { secrets: true });
    const findings = warnings.map((text) => named("configuration", warning(text, "")));
    const warn = (message: string, fields: Record<string, unknown> = {}) => {
      findings.push(named("host names", warning(`${message} (${JSON.stringify(fields)})`, "")));
    };
    const places = await machinePlaces(config, launcher, { warn });
    const { config: whole, notes, trouble } = await located(config, context, places);
    for (const note of notes) findings.push(named("catalogue", ok(note)));
    const launch = launcher.prepare("doctor", permissionRow("doctor", whole, places), whole);
    const answer = await runTool(launch, { timeoutMs: CHECK_MS + SLACK_MS });
    const found = z.array(findingSchema).parse(answer);
    // When Keystone itself is in trouble, its own check says so.
    const keystone = found.some(({ subject, state }) =>
      subject === "keystone" && state === "failed"
    );
    if (trouble && !keystone) {
      findings.push(named("catalogue", failed(trouble, "see docs/keystone.md")));
    }
    findings.push(...found);
    print(output === "json" ? JSON.stringify(findings, null, 2) : formatFindings(findings));
    return isHealthy(findings) ? 0 : 1;
  },
};
