/**
 * Times and numbers as people read them. Times are in UTC and ages are coarse, so that a page changes only
 * when something happened; the page's script makes both exact and local.
 *
 * @module
 */

/** "1 agent", "2 agents". */
export function plural(n: number, word: string): string {
  return `${formatCount(n)} ${word}${n === 1 ? "" : "s"}`;
}

/** 12345 → "12,345". */
export function formatCount(n: number): string {
  return n.toLocaleString("en-US");
}

/** 84,000,000 → "80 MiB". */
export function formatBytes(n: number): string {
  return n < 1024 * 1024 ? `${Math.round(n / 1024)} KiB` : `${Math.round(n / 1024 / 1024)} MiB`;
}

const MAX_DATE_MS = 8.64e15;

/** RFC 3339 in UTC, or null when `ms` is outside of what a date can be. */
export function isoTime(ms: number): string | null {
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : null;
}

/** "14:02:03 UTC" on the day of `now`, with the date on another day. */
export function utcTime(ms: number, now: number): string {
  return utcClock(ms, now, "14:02:03".length);
}

/** The same without seconds: "14:02 UTC". */
export function utcMinute(ms: number, now: number): string {
  return utcClock(ms, now, "14:02".length);
}

function utcClock(ms: number, now: number, chars: number): string {
  const iso = isoTime(ms);
  if (!iso) return "unknown";
  const date = iso.slice(0, 10);
  const clock = `${iso.slice(11, 11 + chars)} UTC`;
  return date === isoTime(now)?.slice(0, 10) ? clock : `${date} ${clock}`;
}

/** "340 ms", "2.3 s", "45 s", "3 min", "2 h 5 min", "4 d 2 h"; negative counts as zero. */
export function formatDuration(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 10_000) return `${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return minutes < 5 ? joined(minutes, "min", seconds % 60, "s") : `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(hours, "h", minutes % 60, "min");
  return joined(Math.floor(hours / 24), "d", hours % 24, "h");
}

function joined(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

/** "just now", "3 min ago", "2 h ago": changes at most once a minute. */
export function coarseAge(ms: number, now: number): string {
  const minutes = Math.floor((now - ms) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

/** With a first letter that is large. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
