// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/**
 * The small pieces of the page: times, levels with symbol and word, facts, tables, empty states. Pure.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { clip } from "../base/clip.ts";
import { coarseAge, formatCount, isoTime, utcMinute, utcTime } from "../base/format.ts";
import type { Level } from "../health/facts.ts";

const MAX_TITLE_CHARS = 500;

const LEVELS: Readonly<Record<Level | "info", readonly [symbol: string, word: string]>> = {
  ok: ["✓", "OK"],
  info: ["•", "Info"],
  warn: ["▲", "Attention"],
  error: ["✕", "Problem"],
};

/** The symbol of a level. */
export function symbolOf(level: Level): string {
  return LEVELS[level][0];
}

/** Symbol and word in the level's colour; the word may be another one. */
export function Badge({ level, word }: { level: Level | "info"; word?: Child }) {
  const [symbol, usual] = LEVELS[level];
  return (
    <span class={`badge ${level}`}>
      <span class="symbol" aria-hidden="true">{symbol}</span>
      {word ?? usual}
    </span>
  );
}

/**
 * A time in UTC; the page's script makes it local. With `age`, how long ago as well; `short` is without
 * seconds, `dated` with its date also today.
 */
export function Time({ at, now, age, short, dated }: {
  at: number;
  now: number;
  age?: boolean;
  short?: boolean;
  dated?: boolean;
}) {
  const iso = isoTime(at);
  if (!iso) return <span>unknown</span>;
  return (
    <span class="when">
      <time
        datetime={iso}
        title={`${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`}
        data-short={short ? "" : undefined}
        data-dated={dated ? "" : undefined}
      >
        {short ? utcMinute(at, dated ? 0 : now) : utcTime(at, dated ? 0 : now)}
      </time>
      {age ? <Age at={at} now={now} /> : null}
    </span>
  );
}

/** How long ago; the page's script counts on. */
export function Age({ at, now }: { at: number; now: number }) {
  return <span class="age" data-at={String(at)}>{coarseAge(at, now)}</span>;
}

/** Text of others: cut to a length, and isolated, so that its direction is not that of what stands beside it. */
export function Foreign({ of, max }: { of: string; max: number }) {
  return <bdi>{clip(of, max)}</bdi>;
}

/** The same, cut also by the room that it has, and whole on hover; `wrap`: only by length. */
export function Cut({ of, max, wrap }: { of: string; max: number; wrap?: boolean }) {
  const isolated = <Foreign of={of} max={max} />;
  if (wrap && clip(of, max) === of) return isolated;
  const title = clip(of, MAX_TITLE_CHARS);
  return <span class={wrap ? undefined : "cut"} title={title}>{isolated}</span>;
}

/** Links of which one is chosen. */
export function Choices<T extends string>({ name, label, of, chosen, href }: {
  /** In the ids. */
  name: string;
  label: string;
  of: readonly (readonly [value: T, word: string])[];
  chosen: T;
  href(value: T): string;
}) {
  return (
    <nav class="levels" aria-label={label}>
      {of.map(([value, word]) => (
        <a
          id={`${name}-${value}`}
          href={href(value)}
          aria-current={value === chosen ? "true" : undefined}
        >
          {word}
        </a>
      ))}
    </nav>
  );
}

/** Names with their values, one a line. */
export function Pairs({ of }: { of: readonly (readonly [name: string, value: Child])[] }) {
  return (
    <dl class="pairs">
      {of.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

/** A number with its name, for the line of figures above a table. */
export function Figure({ name, level, children }: {
  name: Child;
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

/** A part of the page with its heading; `first`: the page's own; `none`: why there is nothing in it. */
export function Section({ id, title, note, first, none, children }: {
  id: string;
  title: Child;
  note?: Child;
  first?: boolean;
  none?: string;
  children?: Child;
}) {
  const content = (
    <>
      {title}
      {note ? <small>{note}</small> : null}
    </>
  );
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      {first ? <h1 id={`${id}-title`}>{content}</h1> : <h2 id={`${id}-title`}>{content}</h2>}
      {none ? <Empty>{none}</Empty> : null}
      {children}
    </section>
  );
}

/** What will come here. */
export function Empty({ children }: { children?: Child }) {
  return <p class="empty">{children}</p>;
}

/** A table that scrolls by itself, also with the keyboard; `columns` may be links. */
export function Table({ id, caption, columns, numbers, children }: {
  id: string;
  /** For those who cannot see it; also the name of the scrolling region. */
  caption: string;
  columns: readonly Child[];
  /** All but the first column are numbers. */
  numbers?: boolean;
  children?: Child;
}) {
  return (
    <div class="scroll" id={id} role="region" aria-label={caption} tabindex={0}>
      <table class={numbers ? "numbers" : ""}>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>{columns.map((column) => <th scope="col">{column}</th>)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Where one is in a long list, with links to the pages beside. */
export function Pager({ page, pageSize, total, href }: {
  /** From 1. */
  page: number;
  pageSize: number;
  total: number;
  href(page: number): string;
}) {
  if (total <= pageSize) return null;
  const last = Math.ceil(total / pageSize);
  const from = (page - 1) * pageSize + 1;
  const range = `${formatCount(from)} to ${formatCount(Math.min(total, page * pageSize))}`;
  return (
    <nav class="pager" id="pager" aria-label="Pages of the list">
      {page > 1 ? <a id="pager-back" rel="prev" href={href(page - 1)}>‹ Back</a> : null}
      <span>{`${range} of ${formatCount(total)}`}</span>
      {page < last ? <a id="pager-on" rel="next" href={href(page + 1)}>Further ›</a> : null}
    </nav>
  );
}
