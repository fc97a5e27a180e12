/**
 * The last resyncs as bars, the newest on the right: the height is the duration, the patterns are the
 * phases' shares of it (phases overlap, so their own times add up to more), below it the number of
 * changes. The same figures stand in the table of the resyncs' page. Pure.
 *
 * @module
 */
import type { KindCounts, Resync } from "../../state/records.ts";
import { reasonOf } from "../../sync/report/held_text.ts";
import type { Child } from "hono/jsx";
import { tenth } from "./tenth.ts";
import { clip } from "../../base/clip.ts";
import { formatCount, formatDuration, plural } from "../../base/format.ts";

const SLOT = 16;
const BAR = 12;
const HEIGHT = 100;
const CHANGES = 24;
const SLOTS = 50;

/** The phases in the order in which they begin. */
export const PHASES = [
  ["etcdReadMs", "Read etcd"],
  ["neutronReadMs", "Read Neutron"],
  ["compareMs", "Compare"],
  ["writeMs", "Write"],
] as const satisfies readonly (readonly [keyof KindCounts, string])[];

type Phase = typeof PHASES[number][0];

/** Counts, or times in ms, over all kinds. */
export function countOf(resync: Resync, ...names: (keyof KindCounts)[]): number {
  return Object.values(resync.kinds)
    .reduce((sum, counts) => sum + names.reduce((n, name) => n + counts[name], 0), 0);
}

/** Objects that a resync changed. */
export function changesOf(resync: Resync): number {
  return countOf(resync, "created", "updated", "deleted");
}

/** Wall time, ms; 0 while it runs. */
export function lengthMs({ startedAt, endedAt }: Resync): number {
  return endedAt === null ? 0 : Math.max(0, endedAt - startedAt);
}

/** The drawing; `resyncs` newest first. */
export function ResyncBars({ resyncs }: { resyncs: readonly Resync[] }) {
  const shown = resyncs.slice(0, SLOTS).toReversed();
  const longest = Math.max(1, ...shown.map(lengthMs));
  const most = Math.max(1, ...shown.map(changesOf));
  const failed = shown.filter(({ error }) => error !== null).length;
  const held = shown.filter(({ guards }) => guards.length > 0).length;
  const offset = (SLOTS - shown.length) * SLOT;
  const label = `The last ${shown.length} resyncs: the longest took ${formatDuration(longest)}, ` +
    `the most changed ${plural(most, "object")}, ${failed} failed, ${held} held deletions back`;
  return (
    <figure class="bars" id="resync-bars">
      <figcaption>
        <span>The last {shown.length}</span>
        <span class="quiet">
          longest {formatDuration(longest)}, at most {plural(most, "change")}
        </span>
      </figcaption>
      <p class="hidden">
        {label}; the <a href="/resyncs" tabindex={-1}>table</a> has them all.
      </p>
      <svg
        class="drawing"
        viewBox={`0 -8 ${SLOTS * SLOT} ${HEIGHT + CHANGES + 16}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <Patterns />
        <path class="grid" d={`M0 ${HEIGHT}H${SLOTS * SLOT}M0 0H${SLOTS * SLOT}`} />
        {shown.map((resync, i) => (
          <Bar resync={resync} x={offset + i * SLOT} longest={longest} most={most} />
        ))}
      </svg>
      <ul class="legend">
        {PHASES.map(([phase, name]) => (
          <Sample name={name}>
            <rect class={`phase ${phase}`} width="16" height="12" fill={`url(#p-${phase})`} />
          </Sample>
        ))}
        <Sample name="Changes">
          <rect class="changes" width="16" height="12" />
        </Sample>
        <li>
          <span class="cross" aria-hidden="true">✕</span> Failed
        </li>
        <Sample name="Held back">
          <path class="hold" d="M5 2v8m6 -8v8" />
        </Sample>
      </ul>
    </figure>
  );
}

/** What stands for something, in the legend. */
function Sample({ name, children }: { name: string; children?: Child }) {
  return (
    <li>
      <svg viewBox="0 0 16 12" aria-hidden="true">{children}</svg>
      {name}
    </li>
  );
}

/** Each phase has a pattern, so that it is not the colour alone. */
function Patterns() {
  return (
    <defs>
      <Pattern phase="etcdReadMs" size={4} />
      <Pattern phase="neutronReadMs" size={5}>
        <path d="M0 5L5 0M-1 1L1 -1M4 6L6 4" />
      </Pattern>
      <Pattern phase="compareMs" size={4}>
        <circle cx="2" cy="2" r="1" />
      </Pattern>
      <Pattern phase="writeMs" size={4}>
        <path d="M0 2H4" />
      </Pattern>
    </defs>
  );
}

function Pattern({ phase, size, children }: { phase: Phase; size: number; children?: Child }) {
  return (
    <pattern
      id={`p-${phase}`}
      class={phase}
      width={size}
      height={size}
      patternUnits="userSpaceOnUse"
    >
      <rect width={size} height={size} />
      {children}
    </pattern>
  );
}

function Bar({ resync, x, longest, most }: {
  resync: Resync;
  x: number;
  longest: number;
  most: number;
}) {
  const height = Math.max(2, HEIGHT * lengthMs(resync) / longest);
  const changes = changesOf(resync);
  const low = changes === 0 ? 0 : Math.max(2, CHANGES * Math.sqrt(changes / most));
  return (
    <a href={`/resyncs/${resync.id}`} tabindex={-1}>
      <title>{titleOf(resync)}</title>
      <rect class="hit" x={x} y={-8} width={SLOT} height={HEIGHT + CHANGES + 16} />
      <Phases resync={resync} x={x} height={height} />
      <rect class="changes" x={x} y={HEIGHT + 4} width={BAR} height={tenth(low)} />
      {resync.error === null ? null : <path class="cross" d={`M${x + 2} -6l8 8m0 -8l-8 8`} />}
      {resync.guards.length === 0 ? null : <path class="hold" d={`M${x + 3} -6v8m6 -8v8`} />}
    </a>
  );
}

function Phases({ resync, x, height }: { resync: Resync; x: number; height: number }) {
  const times = PHASES.map(([phase]) => countOf(resync, phase));
  const sum = times.reduce((a, b) => a + b, 0);
  if (sum === 0) {
    return (
      <rect class="whole" x={x} y={tenth(HEIGHT - height)} width={BAR} height={tenth(height)} />
    );
  }
  let y = HEIGHT;
  return (
    <>
      {PHASES.map(([phase], i) => {
        const part = height * times[i]! / sum;
        y -= part;
        return (
          <rect
            class={`phase ${phase}`}
            fill={`url(#p-${phase})`}
            x={x}
            y={tenth(y)}
            width={BAR}
            height={tenth(part)}
          />
        );
      })}
    </>
  );
}

function titleOf(resync: Resync): string {
  const took = resync.endedAt === null ? "not ended" : formatDuration(lengthMs(resync));
  const phases = PHASES.map(([phase, name]) => `${name} ${formatDuration(countOf(resync, phase))}`);
  const counts = (["correct", "created", "updated", "deleted"] as const)
    .map((name) => `${formatCount(countOf(resync, name))} ${name}`);
  const error = resync.error === null ? [] : [`failed: ${clip(resync.error, 100)}`];
  const held = resync.guards.slice(0, 3).map((guard) => `held back: ${reasonOf(guard)}`);
  return [
    `${clip(resync.reason, 40)}, ${took}`,
    ...error,
    ...held,
    counts.join(", "),
    phases.join(", "),
  ].join("\n");
}
