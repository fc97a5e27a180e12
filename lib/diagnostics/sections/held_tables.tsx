// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** What a resync held back and which objects it left, as tables. Pure. @module */
import type { Guard, LeftOut } from "../../state/records.ts";
import { isConcern, LEFT_BECAUSE, reasonOf } from "../../sync/report/held_text.ts";
import { formatCount } from "../../base/format.ts";
import { Badge, Foreign, Table } from "../parts.tsx";
import { guardLevel } from "../../health/held.ts";

/** Of the entries in a record, and of the names in each. */
const MAX_ROWS = 20;
const MAX_NAMES = 10;

/** Collections of which nothing was deleted. */
export function GuardsTable({ guards }: { guards: readonly Guard[] }) {
  if (guards.length === 0) return null;
  return (
    <>
      <h3>Held back</h3>
      <p class="lead">
        Nothing of these was deleted, and what shows them stayed as it was. If they are gone indeed,
        {" "}
        <code>calico-conductor resync --allow-deletions</code> lets it through once.
      </p>
      <Table
        id="resync-guards"
        caption="What was held back, and why"
        columns={["Collection", "Why", "In etcd", "Would be gone", "Among them"]}
      >
        {guards.slice(0, MAX_ROWS).map((guard) => <GuardRow guard={guard} />)}
      </Table>
    </>
  );
}

function GuardRow({ guard }: { guard: Guard }) {
  const { collection, why, held, lost, names } = guard;
  return (
    <tr>
      <th scope="row">
        <Foreign of={collection} max={40} />
      </th>
      <td class="wide">
        <Badge level={guardLevel(guard)} word={why} /> <Foreign of={reasonOf(guard)} max={500} />
      </td>
      <td class="number">{formatCount(held)}</td>
      <td class="number changed">{formatCount(lost)}</td>
      <td class="wide">
        <Names names={names} total={lost} max={64} />
      </td>
    </tr>
  );
}

/** Objects that are as they were in etcd, because something is wrong with them alone, or lack a part. */
export function LeftOutTable({ leftOut }: { leftOut: readonly LeftOut[] }) {
  if (leftOut.length === 0) return null;
  return (
    <>
      <h3>Left as they are, or left out</h3>
      <p class="lead">
        Something is wrong with these objects alone; everything else was made equal. What Calico
        cannot express, such as a rule, is left out of its object, so that less is allowed than in
        Neutron. Mend them in Neutron.
      </p>
      <Table
        id="resync-left-out"
        caption="Objects that were left as they are, and why"
        columns={["Collection", "Why", "Objects", "Among them"]}
      >
        {leftOut.slice(0, MAX_ROWS).map(({ collection, why, total, names }) => (
          <tr>
            <th scope="row">
              <Foreign of={collection} max={40} />
            </th>
            <td class="wide">
              <Badge level={isConcern({ why }) ? "warn" : "info"} word={LEFT_BECAUSE[why]} />
            </td>
            <td class="number">{formatCount(total)}</td>
            <td class="wide">
              <Names names={names} total={total} max={200} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

/** The first names, one a line, and how many more there are. */
function Names({ names, total, max }: { names: readonly string[]; total: number; max: number }) {
  const shown = names.slice(0, MAX_NAMES);
  const more = total - shown.length;
  return (
    <ul class="plain">
      {shown.map((name) => (
        <li class="id">
          <Foreign of={name} max={max} />
        </li>
      ))}
      {more > 0 ? <li class="quiet">{`${formatCount(more)} more`}</li> : null}
    </ul>
  );
}
