import { deepEqual } from "node:assert/strict";
import { ROOMS } from "../../tools/house/measure.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const CODE = ["main.ts", "commands", "roles", "lib", "lab", "bench", "tests", "tools", "std"];
/** A path of this repository, by how it begins; not one with a placeholder, nor a part of a longer path. */
const PATH =
  /(?<![\w./-])(?:main\.ts|(?:commands|roles|lib|lab|bench|tests|tools|docs|contrib|\.ci)\/[\w./-]*[\w/-])(?![\w*<…{]|\/[<…])/g;
/** What is made by running something, and is not committed. */
const MADE = /^(?:bench\/results|tests\/browser\/screenshots)\b|^(?:lib|roles|lab|tests|docs)\/$/;

function files(place: string, ends: RegExp): string[] {
  if (!Deno.statSync(ROOT + place).isDirectory) return [place];
  return [...Deno.readDirSync(ROOT + place)].flatMap(({ name, isDirectory }) => {
    const path = `${place}/${name}`.replace(/^\.\//, "");
    if (/^(?:\.git|\.tools|dist|node_modules|__snapshots__|screenshots)$/.test(name)) return [];
    if (isDirectory) return files(path, ends);
    return ends.test(name) ? [path] : [];
  });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(ROOT + path);
    return true;
  } catch {
    return false;
  }
}

function missing(file: string, paths: readonly string[]): string[] {
  return paths.filter((path) => !MADE.test(path) && !exists(path)).map((path) =>
    `${file}: ${path}`
  );
}

const pages = files(".", /\.md$/);

Deno.test("every path that a page of documentation names is there", () => {
  const gone = pages.flatMap((page) => {
    const folder = page.replace(/[^/]*$/, "");
    const inCode = [...Deno.readTextFileSync(ROOT + page).matchAll(/`([^`\n]+)`/g)]
      .flatMap(([, code]) => [...code!.matchAll(PATH)].map(([path]) => path));
    // A page below tests/ may name paths from where it stands.
    return missing(page, inCode.filter((path) => !exists(folder + path)));
  });
  deepEqual(gone, []);
});

Deno.test("every link of a page leads to a file, and to a heading of it", () => {
  const gone = pages.flatMap((page) => {
    const folder = page.replace(/[^/]*$/, "");
    const prose = Deno.readTextFileSync(ROOT + page).replaceAll(/`[^`\n]+`/g, "");
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path, anchor] = link.split("#");
        const file = path === "" ? page : new URL(path!, `file:///${folder}`).pathname.slice(1);
        return !exists(file) || (anchor !== undefined && !headings(file).includes(anchor));
      }).map((link) => `${page}: ${link}`);
  });
  deepEqual(gone, []);
});

Deno.test("every path that a comment names is there", () => {
  const sources = CODE.flatMap((place) => files(place, /\.(?:tsx?|js|sh)$/));
  const gone = sources.flatMap((file) => {
    const comments = Deno.readTextFileSync(ROOT + file).split("\n")
      .filter((line) => /^\s*(?:\*|\/\*\*|\/\/|#)/.test(line));
    const named = comments.flatMap((line) =>
      [...line.matchAll(/`([^`]+)`/g)].flatMap(([, code]) =>
        [...code!.matchAll(PATH)].map(([path]) => path)
      )
    );
    return missing(file, named);
  });
  deepEqual(gone, []);
});

Deno.test("docs/architecture.md says of every folder of lib/ what it is for, in the order of imports", () => {
  const rows = [
    ...Deno.readTextFileSync(`${ROOT}docs/architecture.md`)
      .matchAll(/^\| `(lib\/[\w/]+)\/` /gm),
  ].map(([, folder]) => folder!);
  deepEqual(rows, ROOMS.filter(exists));
  const folders = [...Deno.readDirSync(`${ROOT}lib`)].map(({ name }) => `lib/${name}`);
  deepEqual(folders.filter((folder) => !rows.includes(folder)), []);
});

Deno.test("what a comment calls a part of the data model is one", () => {
  const page = Deno.readTextFileSync(`${ROOT}docs/data-model.md`);
  const parts = [...page.matchAll(/^#+ (.+)$|\*\*([^*]+)\*\*/gm)].map(([, a, b]) => a ?? b!);
  const isPart = (name: string) => parts.some((part) => part.replace(/\.$/, "") === name);
  const gone = CODE.flatMap((place) => files(place, /\.tsx?$/)).flatMap((file) => {
    const text = Deno.readTextFileSync(ROOT + file).replaceAll(/\n \* /g, " ");
    return [...text.matchAll(/\(?data model, ((?:"[^"]+"(?:,| and)? ?)+)/g)]
      .flatMap(([, names]) => [...names!.matchAll(/"([^"]+)"/g)].map(([, name]) => name!))
      .filter((name) => !isPart(name)).map((name) => `${file}: ${name}`);
  });
  deepEqual(gone, []);
});

function headings(file: string): string[] {
  return [...Deno.readTextFileSync(ROOT + file).matchAll(/^#+ (.+)$/gm)].map(([, text]) =>
    text!.toLowerCase().replaceAll(/[^\w\s-]/g, "").trim().replaceAll(/\s/g, "-")
  );
}
