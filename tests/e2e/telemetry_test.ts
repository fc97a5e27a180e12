import { assert, assertEquals, eventually } from "../support/assert.ts";
import { BINARY, labArgs, Node, tempDir } from "./node.ts";
import { type ReceivedSpan, startOtlpReceiver } from "./otlp_receiver.ts";

Deno.test({
  name: "with OTEL_DENO the roles send spans of resyncs and status reports over OTLP",
  // A binary does only when OTEL_DENO was set while it was compiled.
  ignore: BINARY !== null,
  async fn() {
    await using dir = await tempDir();
    await using receiver = startOtlpReceiver();
    const { args } = labArgs(dir.path);
    await using node = Node.start(args, {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
      OTEL_BSP_SCHEDULE_DELAY: "500",
    });
    await node.ready(40_000);
    const spans = (name: string): ReceivedSpan[] => receiver.spans.filter((s) => s.name === name);
    const attribute = (span: ReceivedSpan, key: string) => {
      const value = span.attributes.find((each) => each.key === key)?.value;
      return value?.stringValue ?? Number(value?.intValue ?? value?.doubleValue);
    };
    const resync = await eventually("the span of a resync", () => spans("resync")[0]!, 30_000);
    assertEquals(resync.scope, "calico-conductor");
    assertEquals(resync.resource["service.name"], "calico-conductor");
    assertEquals(resync.resource["conductor.role"], "resource-syncer");
    assertEquals(resync.resource["deployment.environment"], "test");
    assertEquals(attribute(resync, "conductor.reason"), "startup");
    assert(Number(attribute(resync, "conductor.created")) > 0, "what the first resync created");
    for (const phase of ["resync etcd read", "resync neutron read", "resync write"]) {
      const found = await eventually(
        phase,
        () => spans(phase).find((span) => span.traceId === resync.traceId)!,
      );
      assertEquals(found.parentSpanId, resync.spanId, `${phase} is part of the resync`);
      assert(String(attribute(found, "conductor.kind")).length > 0);
    }
    const agent = await eventually("the span of an agent report", () => spans("report agent")[0]!);
    assertEquals(agent.resource["conductor.role"], "agent-status-watcher");
    const ports = await eventually("the span of a port report", () => spans("report ports")[0]!);
    assert(Number(attribute(ports, "conductor.ports")) >= 1);
    assert(BigInt(resync.endTimeUnixNano) > BigInt(resync.startTimeUnixNano));
  },
});
