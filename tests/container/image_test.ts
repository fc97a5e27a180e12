// deno-lint-ignore-file no-console -- figures of docs/service.md
/** The image as it is built, and nodes in containers of it (docs/service.md). @module */
import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { startLabOpenStack } from "../support/lab_openstack.ts";
import { Leaders } from "../systemd/leaders.ts";
import { Container, IMAGE, podman } from "./container.ts";

const ELECTION = {
  CONDUCTOR_ELECTION_TTL: "6",
  CONDUCTOR_ELECTION_REFRESH: "2",
  CONDUCTOR_ELECTION_MARGIN: "1",
};

Deno.test("the image: a user without a name of root's, a health check, a signal", async () => {
  const { text } = await podman("image", "inspect", IMAGE);
  const [{ Config: config, Healthcheck: check, Size: size }] = JSON.parse(text);
  assertEquals([config.User, config.Cmd], ["64045:64045", ["start"]]);
  assertMatch(config.StopSignal, /^(SIGTERM|15)$/);
  assertEquals((check ?? config.Healthcheck).Test.at(-1), "status");
  console.log(`image: ${Math.round(Number(size) / 1e6)} MB`);
});

Deno.test("two containers: one leads, a stop hands over, and what is killed is replaced", async (t) => {
  await using etcd = await startEtcd();
  await using cloud = startLabOpenStack(20);
  await using leaders = await Leaders.watch(etcd.url);
  const settings = { CONDUCTOR_ETCD: etcd.url, ...ELECTION, ...cloud.environment };
  const from = performance.now();
  await using one = await Container.start("one", settings);
  await one.ready();
  console.log(`podman run until ready: ${Math.round(performance.now() - from)} ms`);
  await eventually("it leads", () => leaders.holder === "one", 20_000);
  await using two = await Container.start("two", settings);
  await two.ready();

  await t.step("it is nobody's root, and can write its state directory alone", async () => {
    assertEquals((await one.exec("id", "-u")).text, "64045");
    assertMatch((await one.exec("grep", "CapEff", "/proc/1/status")).text, /CapEff:\s*0+$/m);
    for (const path of ["/usr/local/bin", "/etc", "/tmp"]) {
      assertMatch((await one.exec("touch", `${path}/file`)).text, /Read-only|Permission denied/);
    }
    assertEquals((await one.exec("touch", "/var/lib/calico-conductor/file")).code, 0);
  });

  await t.step("the health check says how the node is", async () => {
    const check = ["/usr/local/bin/calico-conductor", "status"];
    await eventually("well", async () => (await one.exec(...check)).code === 0, 20_000, 200);
    assertEquals((await one.answer()).isMaster, true);
    assertEquals((await two.answer()).isMaster, false);
  });

  await t.step("the configuration is read again, from within", async () => {
    const { code, text } = await one.exec("calico-conductor", "reload");
    assertEquals([code, text], [0, "one has read its configuration again; it concerns no role"]);
  });

  await t.step("process 1 reaps what is left to it", async () => {
    await one.exec("sh", "-c", "(sleep 0.1 &) ; exit 0");
    await eventually(
      "no zombie is left",
      async () => {
        const { text } = await one.exec("sh", "-c", "cat /proc/[0-9]*/stat");
        return !/^\d+ \(.*\) Z/m.test(text);
      },
      10_000,
      200,
    );
  });

  await t.step("SIGTERM: an orderly stop, and the other leads at once", async () => {
    const begun = performance.now();
    assertEquals(await one.stop(), 0);
    assertWithin(performance.now() - begun, 15_000, "the stop");
    await eventually("the other leads", () => leaders.holder === "two", 20_000);
    const gap = leaders.longestGap(begun);
    console.log(`nobody led for ${Math.round(gap)} ms`);
    assertWithin(gap, 1000, "the time without a leader");
    assert(await two.ready());
  });
});
