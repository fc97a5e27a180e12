/**
 * What the binary takes of disk and memory. What is embedded is measured apart from the runtime, which is of
 * one version here and another there.
 *
 * @module
 */
import { assert, eventually } from "../support/assert.ts";
import { processesOf, pssMiB } from "../../bench/measure.ts";
import { ROLE_NAMES } from "../../lib/process/roles.ts";
import { BINARY, labArgs, Node, tempDir } from "../e2e/node.ts";

if (!BINARY) throw new Error("set CONDUCTOR_BINARY to the compiled binary, or use test:binary");
const binary = BINARY;

/** A bundle with everything in it; unbundled, the packages alone are five times that. */
const MOST_EMBEDDED = 3_000_000;
const MOST_BYTES = 100_000_000;
/**
 * All roles of an idle node, proportional set size: 250 and what other machines may differ by. With all sources
 * and packages embedded it is 300 at least.
 */
const MOST_MIB = 275;

/** Where an ELF file ends by its own account: what `deno compile` embeds comes after. */
async function elfEnd(path: string): Promise<number> {
  using file = await Deno.open(path);
  const header = new Uint8Array(64);
  await file.read(header);
  const view = new DataView(header.buffer);
  const littleEndian = true;
  const sections = Number(view.getBigUint64(0x28, littleEndian));
  return sections + view.getUint16(0x3a, littleEndian) * view.getUint16(0x3c, littleEndian);
}

const linux = Deno.build.os === "linux";

Deno.test({
  name: "little is embedded beside the runtime, and the whole is small enough",
  ignore: !linux,
  async fn() {
    const { size } = await Deno.stat(binary);
    const embedded = size - await elfEnd(binary);
    assert(embedded > 0 && embedded <= MOST_EMBEDDED, `${embedded} bytes are embedded`);
    assert(size <= MOST_BYTES, `${size} bytes`);
  },
});

Deno.test({
  name: "the roles of an idle node together",
  ignore: !linux,
  async fn() {
    await using dir = await tempDir();
    await using node = Node.start(labArgs(dir.path, 200).args);
    await node.ready(60_000);
    const processes = await processesOf(node);
    const roles = processes.filter(({ name }) => (ROLE_NAMES as readonly string[]).includes(name));
    assert(roles.length === ROLE_NAMES.length);
    await eventually(`${MOST_MIB} MiB or less`, async () => {
      const all = await Promise.all(roles.map(({ pid }) => pssMiB(pid)));
      return all.reduce((sum, mib) => sum + mib, 0) <= MOST_MIB;
    }, 30_000);
  },
});
