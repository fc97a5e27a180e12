import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { requestTrace, takeTrace, TraceUnansweredError } from "../../lib/state/trace_request.ts";
import { answerTraces } from "../../lib/trace/trace_answers.ts";
import { readTraceFile } from "../../lib/trace/trace_file.ts";
import { type TraceScene, withTrace } from "./trace_scene.ts";

const ASKED = { by: "a test" };

/** Answers while the test goes on. */
async function answering(
  { config, etcd, job }: TraceScene,
  play: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const answers = answerTraces({ config, etcd, job }, stop.signal);
  try {
    await play();
  } finally {
    stop.abort();
    await answers;
  }
}

Deno.test("a request is answered while the node leads and while it stands by, one after the other", () =>
  withTrace((scene) =>
    answering(scene, async () => {
      const { store, config, port, log } = scene;
      const ask = async (query: string) =>
        await readTraceFile(
          config.stateDir,
          await requestTrace(store, systemClock, { ...ASKED, query }),
        );
      const leading = await ask(port.id);
      assertEquals([leading!.verdict, leading!.node!.leads], ["agrees", true]);
      await store.writeMastership(null);
      const standby = await ask(String(port.device_id));
      assertEquals(standby!.ports.map(({ id }) => id), [port.id]);
      assertEquals(standby!.node!.leads, false);
      assertEquals(await readTraceFile(config.stateDir, "another"), null);
      assert(log.records.some(({ message }) => /a trace was asked for/.test(message)));
    })
  ));

Deno.test("what cannot be looked for fails with a sentence; nobody there is said in time, and withdrawn", () =>
  withTrace(async (scene) => {
    const { store } = scene;
    const failure = (asked: Promise<unknown>) =>
      asked.then(() => "answered", (error) => {
        assert(error instanceof TraceUnansweredError, String(error));
        return error.message;
      });
    const silent = requestTrace(store, systemClock, { ...ASKED, query: "x" }, { answerMs: 50 });
    assertMatch(await failure(silent), /does not answer within 0.05 s: look at its role's page/);
    assertEquals(await store.readTraceRequest(), null);
    await answering(scene, async () => {
      const bad = requestTrace(store, systemClock, { ...ASKED, query: "a b" });
      assertMatch(await failure(bad), /^the trace failed: allowed is the id of a port/);
    });
  }));

Deno.test("a request that its asker has given up, or left for an earlier process, is not taken", () =>
  withTrace(async ({ store }) => {
    await store.writeTraceRequest({ id: "1", at: Date.now() - 60_000, by: "a test", query: "x" });
    assertEquals(await takeTrace(store, systemClock), null);
    assertEquals(await store.readTraceRequest(), null);
    const asked = requestTrace(store, systemClock, { ...ASKED, query: "x" });
    const taken = await eventually("the request", () => takeTrace(store, systemClock));
    assertEquals(taken.query, "x");
    await store.writeTraceAnswer({ id: taken.id, at: Date.now(), error: null });
    assertEquals(await asked, taken.id);
  }));
