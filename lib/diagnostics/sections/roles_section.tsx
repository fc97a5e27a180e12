// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** This node's roles as cards: how each is, what it does, what is wrong with it. Pure. @module */
import { clip } from "../../base/clip.ts";
import { formatBytes, formatCount } from "../../base/format.ts";
import { Age, Badge, Cut, Foreign, Section, Time } from "../parts.tsx";
import type { RoleStatus } from "../../health/facts.ts";
import { roleWord } from "../../health/roles.ts";

/** A heartbeat this fresh, ms, is "just now": it comes every two seconds, and is no news. */
const FRESH_MS = 5000;

/** The section. */
export function RolesSection({ roles, now }: { roles: readonly RoleStatus[]; now: number }) {
  return (
    <Section id="roles" title="Roles of this node">
      <ul class="role-cards">
        {roles.map((role) => <RoleCard role={role} now={now} />)}
      </ul>
      <p class="links">
        <a href="/roles/supervisor">What the supervisor did</a>
      </p>
    </Section>
  );
}

function RoleCard({ role, now }: { role: RoleStatus; now: number }) {
  const { name, level, problem, process, alive } = role;
  return (
    <li class={`card ${level}`} id={`role-${name}`}>
      <h3>
        <a href={`/roles/${name}`}>{name}</a>
      </h3>
      <p class="doing">
        <Badge level={level} word={roleWord(role)} />
        {alive && process?.state === "running" ? <Cut of={alive.doing} max={80} /> : null}
      </p>
      {problem
        ? (
          <p class="problem lines-of" title={clip(problem, 500)}>
            <Foreign of={problem} max={300} />
          </p>
        )
        : null}
      <NextStart role={role} now={now} />
      <RoleFigures role={role} now={now} />
    </li>
  );
}

function NextStart({ role: { process }, now }: { role: RoleStatus; now: number }) {
  if (process?.state === "backoff" && process.nextStartAt !== null) {
    return (
      <p>
        Next start <Time at={process.nextStartAt} now={now} />
      </p>
    );
  }
  if (process?.lastEnd && process.restarts > 0) {
    const end = `Ended last: ${process.lastEnd}`;
    return (
      <p class="quiet lines-of" title={clip(end, 500)}>
        <Foreign of={end} max={200} />
      </p>
    );
  }
  return null;
}

/** The figures of a role, on its card and, `whole`, on its page. */
export function RoleFigures({ role, now, whole }: {
  role: RoleStatus;
  now: number;
  whole?: boolean;
}) {
  const { process, alive } = role;
  const running = process?.state === "running" && process.startedAt !== null;
  const restarts = process?.restarts ?? 0;
  const facts = [
    ...whole ? [["PID", process?.pid ?? "–"]] : [],
    ["Up", running ? <Up startedAt={process.startedAt!} now={now} /> : "–"],
    ["Restarts", restarts > 0 ? <b>{formatCount(restarts)}</b> : "0"],
    ["Memory", running && alive?.rssBytes ? formatBytes(alive.rssBytes) : "–"],
    ["Progress", <Progress role={role} now={now} />],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Progress({ role: { silentMs, alive }, now }: { role: RoleStatus; now: number }) {
  if (silentMs === null) return <>none yet</>;
  return silentMs <= FRESH_MS ? <>just now</> : <Age at={alive!.at} now={now} />;
}

function Up({ startedAt, now }: { startedAt: number; now: number }) {
  return (
    <>
      since <Time at={startedAt} now={now} short />
    </>
  );
}
