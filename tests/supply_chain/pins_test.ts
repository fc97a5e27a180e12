/** What CI and the container are made of is named so that nobody else can change it. @module */
import { parse } from "yaml";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const ROOT = new URL("../../", import.meta.url);

/** Texts of all files in a folder of the project. */
async function texts(folder: string): Promise<Array<readonly [string, string]>> {
  const found = [];
  for await (const { name, isFile } of Deno.readDir(new URL(folder, ROOT))) {
    if (isFile) {
      found.push([name, await Deno.readTextFile(new URL(`${folder}${name}`, ROOT))] as const);
    }
  }
  assert(found.length > 0, folder);
  return found;
}

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Record<string, { permissions: unknown; steps: Array<Record<string, unknown>> }>;
}

/** What a job may do beside reading. It must run nothing of the project, nor of the packages that this takes. */
const PUBLISHES: Readonly<Record<string, unknown>> = {
  "release.yml publish": { contents: "write", "id-token": "write", actions: "read" },
};

Deno.test("workflows name actions by commit, and may only read the project or run nothing of it", async () => {
  for (const [name, text] of await texts(".github/workflows/")) {
    const workflow: Workflow = parse(text);
    assertEquals(workflow.permissions, {}, name);
    for (const [job, { permissions, steps }] of Object.entries(workflow.jobs)) {
      const more = PUBLISHES[`${name} ${job}`];
      assertEquals(permissions, more ?? { contents: "read" }, job);
      if (more) {
        const runs = steps.map(({ run, uses }) => `${run ?? uses}`).join("\n");
        assert(!/checkout|bootstrap|deno|npm|made\/release\/calico/.test(runs), runs);
      }
      for (const { uses, with: inputs } of steps) {
        if (uses === undefined) continue;
        assertMatch(String(uses), /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
        if (!String(uses).startsWith("actions/checkout@")) continue;
        // What later steps run is the project's tests and their packages: no token for these.
        assertEquals(inputs, { "persist-credentials": false }, job);
      }
    }
    for (const [, after] of text.matchAll(/uses: \S+(.*)/g)) {
      assertMatch(after!, /^ # v\d+\.\d+\.\d+$/);
    }
  }
});

Deno.test("images are built on images that are named by digest", async () => {
  for (const [name, text] of await texts("contrib/container/")) {
    for (const [, image] of text.matchAll(/^FROM (?:--\S+ )*(\S+)/gmi)) {
      assert(/^[\w.-]+\/[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(image!), `${name}: ${image}`);
    }
  }
});

Deno.test("packages are pinned to one version, and the lock has a digest of each", async () => {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
  const { imports, lock } = await read("deno.json");
  assertEquals(lock.frozen, true);
  for (const target of Object.values<string>(imports)) {
    if (!target.startsWith("npm:")) assertMatch(target, /^jsr:@std\/(cli|log)@/);
    else assertMatch(target, /^npm:\/?(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+\/?$/);
  }
  const { npm } = await read("deno.lock");
  for (const { integrity } of Object.values<{ integrity: string }>(npm)) {
    assertMatch(integrity, /^sha512-[\w+/]{86}==$/);
  }
});
