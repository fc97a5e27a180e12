/** Parts of a whole as one bar with a legend of links. Pure. @module */
import { formatCount } from "../../base/format.ts";
import type { Level } from "../../health/facts.ts";

/** One part. */
export interface Share {
  readonly name: string;
  readonly count: number;
  readonly level: Level | "info";
  readonly symbol: string;
  readonly href: string;
}

const WIDTH = 1000;

/** The bar and its legend. */
export function ShareBar({ id, shares }: { id: string; shares: readonly Share[] }) {
  const total = shares.reduce((sum, { count }) => sum + count, 0);
  let x = 0;
  return (
    <div class="shares" id={id}>
      <svg viewBox={`0 0 ${WIDTH} 14`} preserveAspectRatio="none" aria-hidden="true">
        {shares.filter(({ count }) => count > 0).map(({ count, level, name }) => {
          // One of 5,000 must be seen.
          const width = Math.max(6, WIDTH * count / Math.max(1, total));
          const at = Math.min(x, WIDTH - width);
          x = at + width;
          return (
            <rect class={level} x={Math.round(at)} width={Math.round(width)} height={14}>
              <title>{`${formatCount(count)} ${name}`}</title>
            </rect>
          );
        })}
      </svg>
      <ul class="legend">
        {shares.map(({ name, count, level, symbol, href }) => (
          <li class={count > 0 ? level : "none"}>
            <span aria-hidden="true">{symbol}</span> <b>{formatCount(count)}</b>{" "}
            <a href={href}>{name}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}
