/** What the pages of long lists have in common. Pure. @module */
import type { Child } from "hono/jsx";
import { plural } from "../../base/format.ts";
import { Time } from "../parts.tsx";

/** How many there are, and since when nobody has counted. */
export function ListNote({ of, file, since, now }: {
  /** One of them. */
  of: string;
  file: { readonly total: number; readonly at: number };
  /** Start of this node's term; null: it does not lead. */
  since: number | null;
  now: number;
}) {
  const many = plural(file.total, of);
  if (since !== null && file.at >= since) return <>{many}</>;
  return (
    <>
      {many} as of <Time at={file.at} now={now} />, in an earlier term of this node
    </>
  );
}

/** A form that asks for a part of the list: a text that its rows contain, and what else it is given. */
export function Filter({ path, text: [label, q], children }: {
  path: string;
  text: readonly [label: string, value: string];
  children?: Child;
}) {
  return (
    <form class="filter" method="get" action={path}>
      <label>
        {label} <input id="filter-q" name="q" type="search" maxlength={100} value={q} />
      </label>
      {children}
      <button id="filter-go" type="submit">Show</button>
    </form>
  );
}

/** One of some words, or any. */
export function Choice({ name, label, options, chosen }: {
  name: string;
  label: string;
  options: readonly string[];
  chosen: string;
}) {
  return (
    <label>
      {label}{" "}
      <select id={`filter-${name}`} name={name}>
        {["", ...options].map((each) => (
          <option value={each} selected={each === chosen}>{each || "any"}</option>
        ))}
      </select>
    </label>
  );
}
