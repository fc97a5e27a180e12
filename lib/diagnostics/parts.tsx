/**
 * The small pieces of the page: times, levels with symbol and word, facts, empty states. Pure.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { coarseAge, isoTime, utcTime } from "./format.ts";
import type { Level } from "./status_schema.ts";

const LEVELS: Readonly<Record<Level | "info", readonly [symbol: string, word: string]>> = {
  ok: ["✓", "OK"],
  info: ["•", "Info"],
  warn: ["▲", "Attention"],
  error: ["✕", "Problem"],
};

/** Symbol and word in the level's colour; the word may be another one. */
export function Badge({ level, word }: { level: Level | "info"; word?: string }) {
  const [symbol, usual] = LEVELS[level];
  return (
    <span class={`badge ${level}`}>
      <span class="symbol" aria-hidden="true">{symbol}</span>
      {word ?? usual}
    </span>
  );
}

/** A time in UTC; the page's script makes it local. With `age`, how long ago as well. */
export function Time({ at, now, age }: { at: number; now: number; age?: boolean }) {
  const iso = isoTime(at);
  if (!iso) return <span>unknown</span>;
  return (
    <span class="when">
      <time datetime={iso} title={iso.replace("T", " ").replace(/\.\d+Z$/, " UTC")}>
        {utcTime(at, now)}
      </time>
      {age ? <span class="age" data-at={String(at)}>{coarseAge(at, now)}</span> : null}
    </span>
  );
}

/** A number with its name, for the line of figures above a table. */
export function Figure({ name, level, children }: {
  name: string;
  level?: Level;
  children?: Child;
}) {
  return (
    <div class={`figure ${level ?? ""}`}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A part of the page with its heading. */
export function Section({ id, title, note, children }: {
  id: string;
  title: string;
  note?: string;
  children?: Child;
}) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}{note ? <small>{note}</small> : null}</h2>
      {children}
    </section>
  );
}

/** What will come here. */
export function Empty({ children }: { children?: Child }) {
  return <p class="empty">{children}</p>;
}

/** A table that scrolls by itself, also with the keyboard. */
export function Scroll({ id, label, children }: { id: string; label: string; children?: Child }) {
  return (
    <div class="scroll" id={id} role="region" aria-label={label} tabindex={0}>
      {children}
    </div>
  );
}
