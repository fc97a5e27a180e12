import { assertEquals, eventually } from "../support/assert.ts";
import { labArgs, Node, tempDir } from "./node.ts";

Deno.test("the doctor finds a healthy lab healthy", async () => {
  await using dir = await tempDir();
  const lab = labArgs(dir.path);
  await using node = Node.start(lab.args);
  await node.ready();
  await eventually("a resync and every agent", async () => {
    const status = await node.status();
    const answer = await fetch(`${lab.neutronUrl}/v2.0/agents`).catch(() => null);
    const agents: { alive: boolean }[] = (await answer?.json())?.agents ?? [];
    const compared = status?.resyncs.some(({ endedAt, error }) => endedAt !== null && !error);
    return compared && agents.length === 3 && agents.every(({ alive }) => alive);
  }, 30_000);
  const { code, text } = await node.command("doctor", "--output=json");
  const findings: { name: string; state: string; found: string }[] = JSON.parse(text);
  assertEquals(findings.filter(({ state }) => state !== "ok"), []);
  assertEquals(code, 0);
});
