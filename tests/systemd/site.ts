/** etcd and a cloud on loopback, and machines whose unit is set up for them. @module */
import { type LabOpenStack, startLabOpenStack } from "../support/lab_openstack.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { TIME_FACTOR } from "../support/assert.ts";
import { Machine, UNIT } from "./machine.ts";

/** Short, so that what only the lease's end would mend is seen; seconds. */
const ELECTION = { TTL: 6, REFRESH: 2, MARGIN: 1 };
const WATCHDOG_SECONDS = 6;
/** On a slow machine a role that stops in order takes longer, and is not to be killed for that; seconds. */
const [STOP_SECONDS, STOP_UNIT_SECONDS] = [2 * TIME_FACTOR, 30 * TIME_FACTOR];

/** The package, as it is installed first and as it is upgraded to. */
export const PACKAGES = [1, 2].map((version) =>
  `${Deno.env.get("SYSTEMD_WORK")}/version-${version}.deb`
) as [string, string];

/** A file of configuration in the machine, which a reload reads again. */
export const CONFIG_FILE = "/etc/calico-conductor/neutron.conf";

/** What the machines' nodes depend on. */
export class Site implements AsyncDisposable {
  private constructor(readonly etcd: EtcdServer, readonly cloud: LabOpenStack) {}

  static async start(): Promise<Site> {
    return new Site(await startEtcd(), startLabOpenStack(20));
  }

  /** Boots a machine, installs the package and writes its settings; nothing is started. */
  async machine(name: string, file = PACKAGES[0]): Promise<Machine> {
    const machine = await Machine.boot(name);
    try {
      await machine.install(file);
      await this.#configure(machine);
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #configure(machine: Machine): Promise<void> {
    const settings = {
      CONDUCTOR_ETCD: this.etcd.url,
      CONDUCTOR_LISTEN: new URL(machine.pageUrl).host,
      CONDUCTOR_STOP_TIMEOUT: `${STOP_SECONDS}`,
      ...Object.fromEntries(
        Object.entries(ELECTION).map(([name, value]) => [`CONDUCTOR_ELECTION_${name}`, `${value}`]),
      ),
      ...this.cloud.environment,
    };
    const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await machine.do("install", "-d", "-m", "0755", "/etc/calico-conductor");
    const environment = machine.path("/etc/calico-conductor/environment");
    await Deno.writeTextFile(environment, variables.join(""), { mode: 0o600 });
    await writeConfig(machine, 60);
    // As docs/service.md says it, with a watchdog that a test can wait for.
    const start = await execStart(machine);
    const folder = `/etc/systemd/system/${UNIT}.d`;
    await machine.do("install", "-d", folder);
    const lines = [
      `WatchdogSec=${WATCHDOG_SECONDS}`,
      `TimeoutStopSec=${STOP_UNIT_SECONDS}`,
      "ExecStart=",
      `ExecStart=${start} --config-file ${CONFIG_FILE}`,
    ];
    await Deno.writeTextFile(
      machine.path(`${folder}/test.conf`),
      `[Service]\n${lines.join("\n")}\n`,
    );
    await machine.do("systemctl", "daemon-reload");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloud[Symbol.asyncDispose]();
    await this.etcd[Symbol.asyncDispose]();
  }
}

/** Writes the file of configuration: etcd is compacted every so many minutes. */
export async function writeConfig(machine: Machine, compactionMinutes: number): Promise<void> {
  await Deno.writeTextFile(
    machine.path(CONFIG_FILE),
    `[calico]\netcd_compaction_period_mins = ${compactionMinutes}\n`,
  );
}

/** The unit's own command line. */
async function execStart(machine: Machine): Promise<string> {
  const unit = await machine.do("systemctl", "cat", UNIT);
  return /^ExecStart=(.*)$/m.exec(unit)![1]!;
}
