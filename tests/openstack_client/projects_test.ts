import { systemClock } from "../../lib/base/clock.ts";
import { OpenstackError } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { Projects } from "../../lib/openstack/projects.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { withKeystone } from "./fake_keystone.ts";

const { signal } = new AbortController();
const project = (id: string, name = id) => ({ id, name, parent_id: "root" });

/** Projects of a Keystone that answers with what `answer` says of a path. */
function projectsOf(answer: (path: string) => unknown): { projects: Projects; asked: string[] } {
  const asked: string[] = [];
  const projects = new Projects((path) => {
    asked.push(path);
    const found = answer(path);
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  });
  return { projects, asked };
}

Deno.test("a Keystone's projects, with names and parents", () =>
  withKeystone(async (keystone) => {
    keystone.answer.projects = [project("1", "one"), project("2", "two")];
    const openstack = {
      ...testConfig().openstack,
      authUrl: keystone.url,
      credential: { method: "token", token: "given", project: null } as const,
    };
    using auth = new KeystoneAuth(openstack, systemClock);
    assertEquals(await auth.listProjects(signal), [project("1", "one"), project("2", "two")]);
    keystone.answer.truncated = true;
    assertEquals((await auth.listProjects(signal)).map(({ id }) => id), ["1"]);
    const all = await auth.projects.including(["2", "3"], signal);
    assertEquals(all.map(({ name }) => name), ["one", "two"]);
    assertMatch(auth.projects.trouble!, /lists only 1 projects/);
  }));

Deno.test("those that a list leaves out are asked for once, and stay in it", async () => {
  const { projects, asked } = projectsOf((path) =>
    path === "/projects"
      ? { projects: [project("1")], truncated: true }
      : path === "/projects/2"
      ? { project: project("2") }
      : new OpenstackError("no such project", 404)
  );
  await projects.list(signal);
  await projects.including(["1", "2", "3"], signal);
  await projects.including(["1", "2", "3"], signal);
  assertEquals(asked, ["/projects", "/projects/2", "/projects/3"]);
  assertEquals((await projects.list(signal)).map(({ id }) => id), ["1", "2"]);
  await projects.including(["2", "3"], signal);
  assertEquals(asked.slice(3), ["/projects", "/projects/3"], "it may exist by now");
});

Deno.test("a whole list is believed: nothing is asked for one by one", async () => {
  const { projects, asked } = projectsOf(() => ({ projects: [project("1")] }));
  await projects.list(signal);
  assertEquals(await projects.including(["2"], signal), [project("1")]);
  assertEquals(asked, ["/projects"]);
  assertEquals(projects.trouble, null);
});

Deno.test("without the right to list, what was known stays, and it is said", async () => {
  let allowed = true;
  const { projects } = projectsOf(() =>
    allowed ? { projects: [project("1")] } : new OpenstackError("not authorized", 403)
  );
  await projects.list(signal);
  allowed = false;
  assertEquals(await projects.list(signal), [project("1")]);
  assertMatch(projects.trouble!, /may not list projects .*admin role/);
  const never = projectsOf(() => new OpenstackError("not authorized", 403)).projects;
  assertEquals(await never.list(signal), []);
});

Deno.test("a project that cannot be understood is as it was before, and is named", async () => {
  let damaged: unknown[] = [];
  const { projects } = projectsOf(() => ({ projects: [project("1", "one"), ...damaged] }));
  damaged = [project("2", "two"), project("3", "three")];
  await projects.list(signal);
  assertEquals(projects.refused, []);
  damaged = [{ id: "2", name: null, parent_id: "root" }, { id: "4", name: "new" }, null];
  const found = await projects.list(signal);
  assertEquals(found.map(({ id, name }) => [id, name]), [["1", "one"], ["2", "two"]]);
  assertEquals(projects.refused.map(({ id }) => id), ["2", "4", ""]);
  assertMatch(projects.refused[1]!.why, /^parent_id is missing$/);
  assertMatch(projects.refused[2]!.why, /^record 4 of Keystone's \/projects, after 4: it is null$/);
});

Deno.test("a single one that cannot be understood fails nothing else", async () => {
  const { projects } = projectsOf((path) =>
    path === "/projects"
      ? { projects: [project("1")], truncated: true }
      : { project: path.endsWith("2") ? { id: "2" } : project("3") }
  );
  await projects.list(signal);
  const all = await projects.including(["2", "3"], signal);
  assertEquals(all.map(({ id }) => id), ["1", "3"]);
  assertEquals(projects.refused.map(({ id }) => id), ["2"]);
});

Deno.test("any other refusal fails the list: names must not vanish with an outage", async () => {
  const down = projectsOf(() => new OpenstackError("does not answer", null)).projects;
  assertMatch((await assertRejects(() => down.list(signal), OpenstackError)).message, /not answer/);
  const odd = projectsOf(() => ({ nothing: true })).projects;
  assertMatch((await assertRejects(() => odd.list(signal), OpenstackError)).message, /no list/);
});
