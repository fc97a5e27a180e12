/** contrib/container/compose.yaml, brought up for real and taken down. @module */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startLabOpenStack } from "../support/lab_openstack.ts";
import { pageStatus } from "../support/page_status.ts";
import { tempDir } from "../support/temp_dir.ts";
import { podman, said } from "./container.ts";

const FILE = new URL("../../contrib/container/compose.yaml", import.meta.url).pathname;
/** Where the file has the pages of its two nodes. */
const PAGES = { one: "http://127.0.0.1:9797", two: "http://127.0.0.1:9798" };
const NODES = Object.keys(PAGES) as (keyof typeof PAGES)[];

/** Names of what podman has, one a line. */
async function names(...words: string[]): Promise<string[]> {
  return (await podman(...words)).text.split("\n").filter(Boolean);
}

const volumes = () => names("volume", "ls", "--format={{.Name}}");
const containers = () => names("ps", "--all", "--format={{.Names}}");

/** What the services have said, for a failure. */
async function logs(): Promise<string> {
  const all = (await containers()).map(async (name) => (await podman("logs", name)).text);
  return (await Promise.all(all)).join("\n\n");
}

/** Whether this kernel has what a network of containers is made of. */
async function hasBridges(): Promise<boolean> {
  const made = "ip link add name probe type bridge && iptables -t nat -A POSTROUTING -j MASQUERADE";
  return (await said("unshare", ["--net", "sh", "-c", made])).code === 0;
}

Deno.test("the trial of compose.yaml: one node leads, the other follows it, and nothing is left", {
  ignore: !await hasBridges(),
}, async () => {
  await using dir = await tempDir();
  await using cloud = startLabOpenStack(20, Deno.env.get("CONTAINER_CLOUD"));
  const file = `${dir.path}/compose.yaml`;
  await Deno.copyFile(FILE, file);
  const settings = Object.entries(cloud.environment).map(([name, value]) => `${name}=${value}\n`);
  await Deno.writeTextFile(`${dir.path}/conductor.env`, settings.join(""), { mode: 0o600 });
  const compose = async (...words: string[]) => {
    const { code, text } = await said("podman-compose", ["-p", "trial", "-f", file, ...words]);
    assertEquals(code, 0, text);
  };
  const leader = async () => {
    const statuses = await Promise.all(NODES.map((name) => pageStatus(PAGES[name])));
    return NODES.filter((_, i) => statuses[i]?.ready && statuses[i].isMaster);
  };
  try {
    // The images are there, under the names that the file gives them.
    await compose("up", "--detach", "--no-build");
    const check = ["/usr/local/bin/calico-conductor", "status"];
    for (const name of NODES) {
      await eventually(
        `the health check of ${name} is content`,
        async () => {
          return (await podman("exec", `trial_${name}_1`, ...check)).code === 0;
        },
        60_000,
        500,
      );
    }
    const [first, ...others] = await leader();
    assert(first && others.length === 0, `${first} ${others}`);
    await eventually("it has brought Neutron's objects to etcd", async () => {
      const resyncs = (await pageStatus(PAGES[first]))?.resyncs ?? [];
      return resyncs.some(({ whole, error, kinds }) =>
        whole && error === null && Object.values(kinds).some(({ created }) => created > 0)
      );
    }, 30_000);
    await compose("stop", first);
    const other = NODES.find((name) => name !== first)!;
    await eventually("the other leads", async () => (await leader())[0] === other, 30_000, 200);
  } catch (cause) {
    throw new Error(await logs(), { cause });
  } finally {
    await compose("down", "--volumes");
  }
  assertEquals([await containers(), await volumes()], [[], []]);
});
